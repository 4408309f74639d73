//! The patch formats: JSON patch, JSON merge patch and strategic merge patch, and how they are computed.

mod json_patch;
mod merge;
mod strategic;

pub use json_patch::apply_json_patch;
pub use merge::{create_merge_patch, merge_patch, three_way_json_merge};
pub use strategic::{
    Field, NoSchema, PatchSchema, strategic_merge, three_way_merge, two_way_merge,
};

#[cfg(test)]
mod tests {
    use super::{Field, PatchSchema};
    use super::{
        apply_json_patch, create_merge_patch, merge_patch, strategic_merge, three_way_merge,
        two_way_merge,
    };
    use crate::base::rng::{Draw, Rng};
    use crate::base::value::Value;

    /// Lists named `containers` and `env` merge by name, `ports` by containerPort, `finalizers` as sets.
    #[derive(Clone)]
    struct Pods;

    impl PatchSchema for Pods {
        fn field(&self, key: &str) -> Result<Field<Pods>, String> {
            let (merge, merge_key) = match key {
                "containers" | "env" => (true, "name"),
                "ports" => (true, "containerPort"),
                "finalizers" => (true, ""),
                _ => (false, ""),
            };
            Ok(Field {
                schema: Pods,
                merge,
                replace: false,
                retain_keys: key == "strategy",
                merge_key: merge_key.to_owned(),
            })
        }
        fn name(&self) -> String {
            "Pod".to_owned()
        }
    }

    fn v(text: &str) -> Value {
        Value::from_json(text).unwrap()
    }

    #[test]
    fn json_patches() {
        let doc = v(r#"{"a":{"b":[1,2]},"c":"d"}"#);
        for (patch, want) in [
            (r#"[{"op":"replace","path":"/c","value":5}]"#, r#"{"a":{"b":[1,2]},"c":5}"#),
            (r#"[{"op":"add","path":"/a/b/-","value":3}]"#, r#"{"a":{"b":[1,2,3]},"c":"d"}"#),
            (r#"[{"op":"add","path":"/a/b/0","value":0}]"#, r#"{"a":{"b":[0,1,2]},"c":"d"}"#),
            (r#"[{"op":"remove","path":"/a/b/0"}]"#, r#"{"a":{"b":[2]},"c":"d"}"#),
            (r#"[{"op":"move","from":"/c","path":"/a/c"}]"#, r#"{"a":{"b":[1,2],"c":"d"}}"#),
            (r#"[{"op":"copy","from":"/c","path":"/x"}]"#, r#"{"a":{"b":[1,2]},"c":"d","x":"d"}"#),
            (r#"[{"op":"test","path":"/c","value":"d"}]"#, r#"{"a":{"b":[1,2]},"c":"d"}"#),
            (r#"[{"op":"test","path":"/c","value":"e"}]"#, "testing value /c failed: test failed"),
            (
                r#"[{"op":"remove","path":"/z"}]"#,
                "error in remove for path: '/z': Unable to remove nonexistent key: z: missing value",
            ),
            (
                r#"[{"op":"add","path":"/z/y","value":1}]"#,
                "add operation does not apply: doc is missing path: \"/z/y\": missing value",
            ),
            (r#"[{"op":"frob","path":"/c"}]"#, "Unexpected kind: frob"),
            (r#"[{"op":"add","path":"/x~1y","value":1}]"#, r#"{"a":{"b":[1,2]},"c":"d","x/y":1}"#),
        ] {
            let got = match apply_json_patch(&doc, &v(patch)) {
                Ok(value) => value.to_json(),
                Err(error) => error,
            };
            assert_eq!(got, want, "{patch}");
        }
    }

    #[test]
    fn merge_patches() {
        let merged = merge_patch(
            &v(r#"{"a":{"b":1,"c":2},"d":[1]}"#),
            &v(r#"{"a":{"b":null,"e":{"f":null}},"d":[2]}"#),
        );
        assert_eq!(merged.to_json(), r#"{"a":{"c":2,"e":{}},"d":[2]}"#);
        let patch = create_merge_patch(
            &v(r#"{"a":1,"b":{"c":1,"d":2}}"#),
            &v(r#"{"b":{"c":1,"d":3},"e":[]}"#),
        );
        assert_eq!(patch.to_json(), r#"{"a":null,"b":{"d":3},"e":[]}"#);
    }

    #[test]
    fn strategic_merges() {
        let pod = v(
            r#"{"containers":[{"name":"a","image":"1","env":[{"name":"X","value":"x"}]},{"name":"b","image":"2"}],"finalizers":["p","q"]}"#,
        );
        for (patch, want) in [
            (
                r#"{"containers":[{"name":"a","image":"9"}]}"#,
                r#"{"containers":[{"env":[{"name":"X","value":"x"}],"image":"9","name":"a"},{"image":"2","name":"b"}],"finalizers":["p","q"]}"#,
            ),
            (
                r#"{"containers":[{"name":"a","$patch":"delete"}]}"#,
                r#"{"containers":[{"image":"2","name":"b"}],"finalizers":["p","q"]}"#,
            ),
            (
                r#"{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}]}"#,
                r#"{"containers":[{"image":"2","name":"b"},{"env":[{"name":"X","value":"x"}],"image":"1","name":"a"}],"finalizers":["p","q"]}"#,
            ),
            (
                r#"{"containers":[{"$patch":"replace"},{"name":"z","image":"3"}],"$deleteFromPrimitiveList/finalizers":["p"]}"#,
                r#"{"containers":[{"image":"3","name":"z"}],"finalizers":["q"]}"#,
            ),
            (r#"{"containers":null,"finalizers":["r"]}"#, r#"{"finalizers":["r","p","q"]}"#),
            (
                r#"{"containers":[{"image":"nginx"}]}"#,
                "map: map[image:nginx] does not contain declared merge key: name",
            ),
            (r#"{"$patch":"replace","x":1}"#, r#"{"x":1}"#),
        ] {
            let got = match strategic_merge(&pod, &v(patch), &Pods) {
                Ok(value) => value.to_json(),
                Err(error) => error,
            };
            assert_eq!(got, want, "{patch}");
        }
    }

    #[test]
    fn computes_apply_patches() {
        let original = v(
            r#"{"spec":{"replicas":2,"containers":[{"name":"a","image":"1"},{"name":"b","image":"1"}]}}"#,
        );
        let live = v(
            r#"{"spec":{"replicas":5,"extra":"kept","containers":[{"name":"a","image":"1","pull":"x"},{"name":"b","image":"1"}]}}"#,
        );
        let modified = v(r#"{"spec":{"containers":[{"name":"a","image":"2"}]}}"#);
        let patch = three_way_merge(&original, &modified, &live, &Pods).unwrap();
        assert_eq!(
            patch.to_json(),
            r#"{"spec":{"$setElementOrder/containers":[{"name":"a"}],"containers":[{"image":"2","name":"a"},{"$patch":"delete","name":"b"}],"replicas":null}}"#
        );
        let applied = strategic_merge(&live, &patch, &Pods).unwrap();
        assert_eq!(
            applied.to_json(),
            r#"{"spec":{"containers":[{"image":"2","name":"a","pull":"x"}],"extra":"kept"}}"#
        );
        assert_eq!(three_way_merge(&modified, &modified, &applied, &Pods).unwrap().to_json(), "{}");
    }

    fn random(draw: &mut Draw, depth: usize) -> Value {
        match draw.index(if depth > 2 { 4 } else { 7 }) {
            0 => Value::Null,
            1 => Value::Bool(true),
            2 => Value::Int(draw.range(0, 3)),
            3 => Value::from(["a", "b", "c"][draw.index(3)]),
            4 => Value::array((0..draw.index(3)).map(|_| random(draw, depth + 1)).collect()),
            _ => {
                let keys = [
                    "name",
                    "containers",
                    "finalizers",
                    "x",
                    "$patch",
                    "$retainKeys",
                    "$setElementOrder/containers",
                    "strategy",
                ];
                let mut map = Value::map();
                for _ in 0..draw.index(4) {
                    let value = random(draw, depth + 1);
                    map.set(keys[draw.index(keys.len())], value);
                }
                map
            }
        }
    }

    #[test]
    fn never_panics() {
        let mut draw = Rng { seed: 4 }.named("patch", "fuzz", 0);
        for _ in 0..20_000 {
            let (a, b, c) = (random(&mut draw, 0), random(&mut draw, 0), random(&mut draw, 0));
            let _ = (merge_patch(&a, &b), apply_json_patch(&a, &b), strategic_merge(&a, &b, &Pods));
            let _ = (two_way_merge(&a, &b, &Pods), three_way_merge(&a, &b, &c, &Pods));
        }
    }

    #[test]
    fn two_way_patches_lead_from_one_to_the_other() {
        let mut draw = Rng { seed: 6 }.named("patch", "round trip", 0);
        let object = |draw: &mut Draw| {
            let mut map = Value::map();
            map.set("x", draw.range(0, 2));
            let names = ["a", "b", "c"];
            let mut list = Vec::new();
            for name in names {
                if draw.index(2) == 0 {
                    list.push(crate::value!({"name": name, "image": draw.range(0, 2)}));
                }
            }
            map.set("containers", list);
            map
        };
        for _ in 0..2_000 {
            let (a, b) = (object(&mut draw), object(&mut draw));
            let patch = two_way_merge(&a, &b, &Pods).unwrap();
            assert_eq!(strategic_merge(&a, &patch, &Pods).unwrap(), b, "{a:?} {patch:?}");
        }
    }
}
