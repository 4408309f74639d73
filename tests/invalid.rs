//! What the API says to objects that are not as they should be, against messages of a real v1.36.2 cluster.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::items_after_statements
)]

use tabernetes::api::kinds;
use tabernetes::api::schema::{Reader, decode, normalise};
use tabernetes::api::{KindRef, Status};
use tabernetes::base::value::Value;
use tabernetes::value;

fn read(yaml: &str) -> (KindRef, Value) {
    let mut value: Value = serde_yaml::from_str(yaml).expect("the test's manifest is YAML");
    let kind = kinds::by_gvk(value.get("apiVersion").text(), value.get("kind").text())
        .expect("the test's manifest has a known kind");
    if kind.namespaced {
        value.entry("metadata").default_to("namespace", "default");
    }
    (kind, value)
}

/// The object as it would be stored, and the message with which it is refused, if it is.
fn create(yaml: &str) -> (Value, Vec<String>) {
    let (kind, value) = read(yaml);
    let mut value = decode(kind, &value, Reader::Json).expect("the test's manifest decodes").value;
    (kind.rules.default)(&mut value);
    value.set_at(&["metadata", "uid"], "u");
    value.set_at(&["metadata", "creationTimestamp"], "2026-01-05T09:00:00Z");
    (kind.rules.prepare_create)(&mut value);
    normalise(kind, &mut value);
    let causes = (kind.rules.validate)(&value);
    value.set_at(&["metadata", "resourceVersion"], "1");
    (value, causes.iter().map(tabernetes::api::Cause::text).collect())
}

fn refused(yaml: &str) -> Vec<String> {
    create(yaml).1
}

fn changed(yaml: &str, change: impl FnOnce(&mut Value)) -> Vec<String> {
    let (kind, _) = read(yaml);
    let (old, faults) = create(yaml);
    assert_eq!(faults, Vec::<String>::new());
    let mut new = old.clone();
    change(&mut new);
    (kind.rules.default)(&mut new);
    (kind.rules.prepare_update)(&mut new, &old);
    normalise(kind, &mut new);
    let causes = (kind.rules.validate_update)(&new, &old);
    causes.iter().map(tabernetes::api::Cause::text).collect()
}

fn web() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/parity/manifests/web.yaml");
    let text = std::fs::read_to_string(path).expect("the manifest is there");
    text.split("---\n").nth(1).expect("the second document is the set").to_owned()
}

#[test]
fn a_pod_with_many_faults() {
    let yaml = r#"
apiVersion: v1
kind: Pod
metadata:
  name: My_Pod
  labels:
    "bad key!": v
    k: "bad value!"
  annotations:
    "x y": z
spec:
  restartPolicy: Sometimes
  terminationGracePeriodSeconds: -5
  volumes:
  - name: v
    emptyDir: {}
  - name: v
    hostPath: {}
  containers:
  - name: c
    image: ""
    imagePullPolicy: Maybe
    ports:
    - containerPort: 0
    - containerPort: 70000
      name: waytoolongportname
    - containerPort: 80
      protocol: HTTP
    resources:
      requests: {cpu: "2", memory: 1Gi}
      limits: {cpu: "1", memory: 512Mi}
    volumeMounts:
    - name: nope
      mountPath: /a
    - name: v
      mountPath: /a
    env:
    - name: "1 bad"
    readinessProbe:
      exec: {command: []}
      periodSeconds: -1
  - name: c
    image: nginx
"#;
    assert_eq!(
        refused(yaml),
        [
            r#"metadata.name: Invalid value: "My_Pod": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"#,
            r#"metadata.labels: Invalid value: "bad key!": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"#,
            r#"metadata.labels: Invalid value: "bad value!": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"#,
            r#"metadata.annotations: Invalid value: "x y": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"#,
            r"spec.volumes[1].hostPath.path: Required value",
            r#"spec.volumes[1].name: Duplicate value: "v""#,
            r"spec.containers[0].image: Required value",
            r"spec.containers[0].ports[0].containerPort: Required value",
            r#"spec.containers[0].ports[1].name: Invalid value: "waytoolongportname": must be no more than 15 characters"#,
            r"spec.containers[0].ports[1].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
            r#"spec.containers[0].ports[2].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP""#,
            r#"spec.containers[0].volumeMounts[0].name: Not found: "nope""#,
            r#"spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/a": must be unique"#,
            r#"spec.containers[0].imagePullPolicy: Unsupported value: "Maybe": supported values: "Always", "IfNotPresent", "Never""#,
            r#"spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1"#,
            r#"spec.containers[0].resources.requests: Invalid value: "1Gi": must be less than or equal to memory limit of 512Mi"#,
            r"spec.containers[0].readinessProbe.exec.command: Required value",
            r"spec.containers[0].readinessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0",
            r#"spec.containers[1].name: Duplicate value: "c""#,
            r#"spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never""#,
        ]
    );
}

#[test]
fn smaller_faults() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: nginx, resources: {requests: R}}]}";
    for (yaml, want) in [
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: []}".to_owned(),
            vec!["spec.containers: Required value"],
        ),
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {}\nspec: {containers: [{name: c, image: nginx}]}"
                .to_owned(),
            vec!["metadata.name: Required value: name or generateName is required"],
        ),
        (
            pod.replace('R', "{cpu: -1}"),
            vec![
                r#"spec.containers[0].resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0"#,
            ],
        ),
        (
            pod.replace('R', "{gpu: 1}"),
            vec![
                r#"spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified"#,
                r#"spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers"#,
            ],
        ),
        (
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: a.b}".to_owned(),
            vec![r#"metadata.name: Invalid value: "a.b": must not contain dots"#],
        ),
        (
            "apiVersion: v1\nkind: Service\nmetadata: {name: s2}\nspec: {selector: {app: nginx}}".to_owned(),
            vec!["spec.ports: Required value"],
        ),
        (
            "apiVersion: v1\nkind: Service\nmetadata: {name: dep}\nspec: {type: Foo, ports: [{port: 80}]}".to_owned(),
            vec![
                r#"spec.type: Unsupported value: "Foo": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort""#,
            ],
        ),
        (
            "apiVersion: v1\nkind: Service\nmetadata: {name: dep}\nspec: {ports: [{port: 0}]}".to_owned(),
            vec![
                "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
                "spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive",
            ],
        ),
        (
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: c1}\nspec: {accessModes: [ReadWriteSometimes]}".to_owned(),
            vec![
                r#"spec.accessModes: Unsupported value: "ReadWriteSometimes": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod""#,
                "spec.resources[storage]: Required value",
            ],
        ),
        (
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: c1}\nspec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 0}}}".to_owned(),
            vec![r#"spec.resources[storage]: Invalid value: "0": must be greater than zero"#],
        ),
        (
            "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: slow}\nreclaimPolicy: Recycle".to_owned(),
            vec![
                "provisioner: Required value",
                r#"reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain""#,
            ],
        ),
    ] {
        assert_eq!(refused(&yaml), want, "{yaml}");
    }
}

#[test]
fn stateful_sets_with_faults() {
    let yaml = r"
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: web2
spec:
  serviceName: nginx
  replicas: -3
  podManagementPolicy: Random
  revisionHistoryLimit: -1
  minReadySeconds: -1
  updateStrategy:
    type: Recreate
    rollingUpdate: {partition: -1}
  persistentVolumeClaimRetentionPolicy: {whenDeleted: Never}
  selector:
    matchLabels: {app: web2}
  template:
    metadata:
      labels: {app: web2}
    spec:
      restartPolicy: Never
      containers:
      - name: nginx
        image: nginx
        volumeMounts:
        - {name: www, mountPath: /x}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce]}
";
    assert_eq!(
        refused(yaml),
        [
            r#"spec.podManagementPolicy: Invalid value: "Random": must be 'OrderedReady' or 'Parallel'"#,
            r#"spec.updateStrategy: Invalid value: {"Type":"Recreate","RollingUpdate":{"Partition":-1,"MaxUnavailable":null}}: must be 'RollingUpdate' or 'OnDelete'"#,
            r#"spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "Never": supported values: "Retain", "Delete""#,
            r"spec.volumeClaimTemplates[0].spec.resources[storage]: Required value",
            r"spec.replicas: Invalid value: -3: must be greater than or equal to 0",
            r"spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0",
            r#"spec.template.spec.containers[0].volumeMounts[0].name: Not found: "www""#,
            r#"spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always""#,
        ]
    );
    let no_selector = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: web2}\nspec: {template: {spec: {containers: [{name: nginx}]}}}";
    assert_eq!(
        refused(no_selector),
        [
            "spec.selector: Required value",
            "spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`",
            "spec.template.spec.containers[0].image: Required value",
        ]
    );
    let no_spec = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: web2}";
    assert_eq!(
        refused(no_spec),
        [
            "spec.selector: Required value",
            "spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`",
            "spec.template.spec.containers: Required value",
        ]
    );
}

const STS_FORBIDDEN: &str = "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

#[test]
fn changes_of_stateful_sets() {
    let web = web();
    let set =
        |path: &'static [&'static str], value: Value| changed(&web, |set| set.set_at(path, value));
    assert_eq!(set(&["spec", "replicas"], value!(5)), [""; 0]);
    assert_eq!(set(&["spec", "serviceName"], value!("other")), [STS_FORBIDDEN]);
    assert_eq!(set(&["spec", "podManagementPolicy"], value!("Parallel")), [STS_FORBIDDEN]);
    assert_eq!(
        set(&["spec", "selector", "matchLabels", "app"], value!("other")),
        [
            "spec.template.metadata.labels: Invalid value: {\"app\":\"nginx\"}: `selector` does not match template `labels`",
            STS_FORBIDDEN
        ]
    );
    assert_eq!(
        set(&["spec", "replicas"], value!(-1)),
        ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"]
    );
    assert_eq!(
        set(&["spec", "updateStrategy", "type"], value!("Foo")),
        [
            r#"spec.updateStrategy: Invalid value: {"Type":"Foo","RollingUpdate":{"Partition":0,"MaxUnavailable":null}}: must be 'RollingUpdate' or 'OnDelete'"#
        ]
    );
    assert_eq!(
        set(&["spec", "updateStrategy", "rollingUpdate", "partition"], value!(-1)),
        [
            "spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0"
        ]
    );
    assert_eq!(
        set(&["metadata", "uid"], value!("1-2-3")),
        [r#"metadata.uid: Invalid value: "1-2-3": field is immutable"#]
    );
}

#[test]
fn changes_of_pods_show_what_changed() {
    // A pod as the StatefulSet controller makes it and the service account admission completes it.
    let yaml = r"
apiVersion: v1
kind: Pod
metadata: {name: web-0, labels: {app: nginx}}
spec:
  containers:
  - image: registry.k8s.io/nginx-slim:0.8
    name: nginx
    ports: [{containerPort: 80, name: web}]
    volumeMounts:
    - {mountPath: /usr/share/nginx/html, name: www}
    - {mountPath: /var/run/secrets/kubernetes.io/serviceaccount, name: kube-api-access-2x46w, readOnly: true}
  hostname: web-0
  nodeName: node-1
  preemptionPolicy: PreemptLowerPriority
  priority: 0
  serviceAccountName: default
  subdomain: nginx
  tolerations:
  - {effect: NoExecute, key: node.kubernetes.io/not-ready, operator: Exists, tolerationSeconds: 300}
  - {effect: NoExecute, key: node.kubernetes.io/unreachable, operator: Exists, tolerationSeconds: 300}
  volumes:
  - {name: www, persistentVolumeClaim: {claimName: www-web-0}}
  - name: kube-api-access-2x46w
    projected:
      sources:
      - serviceAccountToken: {expirationSeconds: 3607, path: token}
      - configMap: {items: [{key: ca.crt, path: ca.crt}], name: kube-root-ca.crt}
      - downwardAPI: {items: [{fieldRef: {fieldPath: metadata.namespace}, path: namespace}]}
";
    let head = "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n";
    let faults = changed(yaml, |pod| pod.set_at(&["spec", "nodeName"], "node-9"));
    let diff = r#"@@ -193,7 +193,7 @@
  "NodeSelector": null,
  "ServiceAccountName": "default",
  "AutomountServiceAccountToken": null,
- "NodeName": "node-1",
+ "NodeName": "node-9",
  "SecurityContext": {
   "HostNetwork": false,
   "HostPID": false,
"#;
    assert_eq!(faults, [format!("{head}{diff}")]);
    let faults = changed(yaml, |pod| {
        let one = &mut pod.entry_at(&["spec", "containers"]).make_array()[0];
        one.set("env", value!([{"name": "A", "value": "1"}]));
    });
    let diff = r#"@@ -142,7 +142,13 @@
     }
    ],
    "EnvFrom": null,
-   "Env": null,
+   "Env": [
+    {
+     "Name": "A",
+     "Value": "1",
+     "ValueFrom": null
+    }
+   ],
    "Resources": {
     "Limits": null,
     "Requests": null,
"#;
    assert_eq!(faults, [format!("{head}{diff}")]);
    let image = changed(yaml, |pod| {
        pod.entry_at(&["spec", "containers"]).make_array()[0].set("image", "bad image");
    });
    assert_eq!(image, [""; 0]);
}

#[test]
fn changes_of_volumes_claims_services_and_classes() {
    let volume = "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: v}\nspec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /var/hostpath-provisioner/default/data}}";
    assert_eq!(
        changed(volume, |v| v.set_at(&["spec", "hostPath", "path"], "/x")),
        [
            r#"spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation
@@ -2,7 +2,7 @@
  "GCEPersistentDisk": null,
  "AWSElasticBlockStore": null,
  "HostPath": {
-  "Path": "/var/hostpath-provisioner/default/data",
+  "Path": "/x",
   "Type": ""
  },
  "Glusterfs": null,
"#
        ]
    );
    let claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec: {accessModes: [ReadWriteOnce], storageClassName: standard, volumeName: pvc-1, resources: {requests: {storage: 1Gi}}}";
    assert_eq!(
        changed(claim, |c| c.set_at(&["spec", "accessModes"], value!(["ReadWriteMany"]))),
        [
            r#"spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims
@@ -1,6 +1,6 @@
 {
  "AccessModes": [
-  "ReadWriteOnce"
+  "ReadWriteMany"
  ],
  "Selector": null,
  "Resources": {
"#
        ]
    );
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: nginx}\nspec: {clusterIP: None, clusterIPs: [None], ipFamilies: [IPv4], ipFamilyPolicy: SingleStack, ports: [{port: 80}]}";
    assert_eq!(
        changed(service, |s| s.set_at(&["spec", "type"], "NodePort")),
        [
            r#"spec.clusterIPs[0]: Invalid value: "None": may not be set to 'None' for NodePort services"#
        ]
    );
    let class = "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: standard}\nprovisioner: k8s.io/minikube-hostpath";
    assert_eq!(
        changed(class, |c| c.set("provisioner", "x/y")),
        [r#"provisioner: Invalid value: "x/y": field is immutable"#]
    );
}

#[test]
fn a_refusal_lists_its_causes_as_the_api_server_does() {
    let kind = kinds::by_gvk("v1", "Pod").expect("pods are known");
    let (value, _) =
        create("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: []}");
    let status = Status::invalid(kind, "p", &(kind.rules.validate)(&value));
    assert_eq!(status.message, r#"Pod "p" is invalid: spec.containers: Required value"#);
}

#[test]
fn some_objects_are_accepted_with_a_warning() {
    let warned = |yaml: &str| {
        let (kind, _) = read(yaml);
        (kind.rules.warnings)(&create(yaml).0, None)
    };
    assert_eq!(
        warned(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: nginx, resources: {requests: {cpu: 0.0001, memory: 100m}}, env: [{name: A, value: a}, {name: A, value: b}]}]}"
        ),
        [
            "spec.containers[0].resources.requests[memory]: fractional byte value \"100m\" is invalid, must be an integer",
            "spec.containers[0].env[1]: hides previous definition of \"A\", which may be dropped when using apply",
        ]
    );
    assert_eq!(warned(&web()), [""; 0]);
}
