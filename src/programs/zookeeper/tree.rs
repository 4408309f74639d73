//! The data of a ZooKeeper server: nodes, and the transactions that change them.
//!
//! Upstream: Apache ZooKeeper 3.4, server/DataTree.java.

use crate::base::ordered::OrdMap;

use crate::base::time::Time;
use crate::base::value::Value;
use crate::value;

/// The number of a transaction: the leader's epoch in the upper half, a counter in the lower.
pub(super) type Zxid = i64;

/// A node of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) data: String,
    pub(super) czxid: Zxid,
    pub(super) mzxid: Zxid,
    pub(super) pzxid: Zxid,
    pub(super) ctime: Time,
    pub(super) mtime: Time,
    pub(super) cversion: i64,
    pub(super) version: i64,
    /// The session that the node ends with; 0 for none.
    pub(super) owner: i64,
}

/// What a client asks to be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Op {
    /// (path, data, owner, sequential)
    Create(String, String, i64, bool),
    /// (path, data, expected version or -1)
    Set(String, String, i64),
    /// (path, expected version or -1)
    Delete(String, i64),
    /// A session begins.
    Open(i64),
    /// A session ends, and its nodes with it.
    Close(i64),
}

impl Op {
    pub(super) fn to_value(&self) -> Value {
        match self {
            Op::Create(path, data, owner, sequential) => {
                value!(["create", path, data, *owner, *sequential])
            }
            Op::Set(path, data, version) => value!(["set", path, data, *version]),
            Op::Delete(path, version) => value!(["delete", path, *version]),
            Op::Open(session) => value!(["open", *session]),
            Op::Close(session) => value!(["close", *session]),
        }
    }

    pub(super) fn from_value(value: &Value) -> Option<Op> {
        let text = |at: usize| value.index(at).as_str().map(str::to_owned);
        let number = |at: usize| value.index(at).as_i64();
        Some(match value.index(0).text() {
            "create" => Op::Create(text(1)?, text(2)?, number(3)?, value.index(4).is_true()),
            "set" => Op::Set(text(1)?, text(2)?, number(3)?),
            "delete" => Op::Delete(text(1)?, number(2)?),
            "open" => Op::Open(number(1)?),
            "close" => Op::Close(number(1)?),
            _ => return None,
        })
    }
}

/// A numbered change, as it is logged and replicated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Txn {
    pub(super) zxid: Zxid,
    pub(super) at: Time,
    pub(super) op: Op,
}

impl Txn {
    pub(super) fn to_value(&self) -> Value {
        value!([self.zxid, self.at.0, self.op.to_value()])
    }

    pub(super) fn from_value(value: &Value) -> Option<Txn> {
        let op = Op::from_value(value.index(2))?;
        Some(Txn { zxid: value.index(0).as_i64()?, at: Time(value.index(1).as_i64()?), op })
    }
}

/// The tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tree {
    nodes: OrdMap<String, Node>,
}

impl Default for Tree {
    fn default() -> Self {
        let mut nodes = OrdMap::new();
        for path in ["/", "/zookeeper", "/zookeeper/quota"] {
            nodes.insert(path.to_owned(), Node::new(String::new(), 0, Time(0), 0));
        }
        for (path, cversion) in [("/", -1), ("/zookeeper", -2)] {
            if let Some(node) = nodes.get_mut(path) {
                node.cversion = cversion;
            }
        }
        Tree { nodes }
    }
}

impl Node {
    fn new(data: String, zxid: Zxid, at: Time, owner: i64) -> Node {
        Node {
            data,
            czxid: zxid,
            mzxid: zxid,
            pzxid: zxid,
            ctime: at,
            mtime: at,
            cversion: 0,
            version: 0,
            owner,
        }
    }
}

fn parent(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(at) => &path[..at],
    }
}

/// Whether a path can name a node.
pub(super) fn is_path(path: &str) -> bool {
    path == "/" || path.starts_with('/') && !path.ends_with('/') && !path.contains("//")
}

impl Tree {
    pub(super) fn get(&self, path: &str) -> Option<&Node> {
        self.nodes.get(path)
    }

    /// The names of a node's children, in order.
    pub(super) fn children(&self, path: &str) -> Vec<&str> {
        let prefix = if path == "/" { "/".to_owned() } else { format!("{path}/") };
        let below = self.nodes.range(prefix.clone()..);
        below
            .take_while(|(name, _)| name.starts_with(&prefix))
            .filter_map(|(name, _)| name.get(prefix.len()..))
            .filter(|rest| !rest.is_empty() && !rest.contains('/'))
            .collect()
    }

    /// The number of nodes.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Checks a change against the tree and settles what is open in it (a sequential node's name).
    ///
    /// # Errors
    /// ZooKeeper's code for the fault: `NoNode`, `NodeExists`, `BadVersion`, `NotEmpty`, `NoChildrenForEphemerals`, `BadArguments`.
    pub(super) fn settle(&self, op: Op) -> Result<Op, &'static str> {
        match op {
            Op::Create(path, data, owner, sequential) => {
                if !is_path(&path) || path == "/" {
                    return Err("BadArguments");
                }
                let above = self.get(parent(&path)).ok_or("NoNode")?;
                if above.owner != 0 {
                    return Err("NoChildrenForEphemerals");
                }
                let path =
                    if sequential { format!("{path}{:010}", above.cversion.max(0)) } else { path };
                if self.nodes.contains_key(&path) {
                    return Err("NodeExists");
                }
                Ok(Op::Create(path, data, owner, false))
            }
            Op::Set(path, data, version) => {
                self.check_version(&path, version)?;
                Ok(Op::Set(path, data, version))
            }
            Op::Delete(path, version) => {
                self.check_version(&path, version)?;
                if path == "/" || path.starts_with("/zookeeper") {
                    return Err("BadArguments");
                }
                if !self.children(&path).is_empty() {
                    return Err("NotEmpty");
                }
                Ok(Op::Delete(path, version))
            }
            Op::Open(_) | Op::Close(_) => Ok(op),
        }
    }

    fn check_version(&self, path: &str, version: i64) -> Result<(), &'static str> {
        let node = self.get(path).ok_or("NoNode")?;
        if version == -1 || node.version == version { Ok(()) } else { Err("BadVersion") }
    }

    /// Makes a settled change.
    pub(super) fn apply(&mut self, txn: &Txn) {
        match &txn.op {
            Op::Create(path, data, owner, _) => {
                let node = Node::new(data.clone(), txn.zxid, txn.at, *owner);
                self.nodes.insert(path.clone(), node);
                self.touch_parent(path, txn.zxid);
            }
            Op::Set(path, data, _) => {
                if let Some(node) = self.nodes.get_mut(path) {
                    node.data.clone_from(data);
                    node.mzxid = txn.zxid;
                    node.mtime = txn.at;
                    node.version += 1;
                }
            }
            Op::Delete(path, _) => self.remove(path, txn.zxid),
            Op::Open(_) => {}
            Op::Close(session) => {
                let owned = self.nodes.iter().filter(|(_, node)| node.owner == *session);
                let paths: Vec<String> = owned.map(|(path, _)| path.clone()).collect();
                for path in paths {
                    self.remove(&path, txn.zxid);
                }
            }
        }
    }

    fn remove(&mut self, path: &str, zxid: Zxid) {
        if self.nodes.remove(path).is_some() {
            self.touch_parent(path, zxid);
        }
    }

    fn touch_parent(&mut self, path: &str, zxid: Zxid) {
        if let Some(above) = self.nodes.get_mut(parent(path)) {
            above.cversion += 1;
            above.pzxid = zxid;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create(path: &str) -> Op {
        Op::Create(path.to_owned(), "x".to_owned(), 0, false)
    }

    #[test]
    fn changes_are_checked_and_made() {
        let mut tree = Tree::default();
        assert_eq!(tree.settle(create("/a/b")), Err("NoNode"));
        let op = tree.settle(create("/a")).expect("the parent is there");
        tree.apply(&Txn { zxid: 7, at: Time::START, op });
        assert_eq!(tree.settle(create("/a")), Err("NodeExists"));
        assert_eq!(tree.children("/"), ["a", "zookeeper"]);
        assert_eq!(tree.settle(Op::Set("/a".to_owned(), "y".to_owned(), 4)), Err("BadVersion"));
        tree.apply(&Txn {
            zxid: 8,
            at: Time::START,
            op: Op::Set("/a".to_owned(), "y".to_owned(), -1),
        });
        let node = tree.get("/a").expect("it was made");
        assert_eq!((node.data.as_str(), node.czxid, node.mzxid, node.version), ("y", 7, 8, 1));
        tree.apply(&Txn { zxid: 9, at: Time::START, op: create("/a/b") });
        assert_eq!(tree.settle(Op::Delete("/a".to_owned(), -1)), Err("NotEmpty"));
        assert_eq!(tree.children("/a"), ["b"]);
    }

    #[test]
    fn nodes_of_a_session_end_with_it() {
        let mut tree = Tree::default();
        let op = Op::Create("/e".to_owned(), String::new(), 5, false);
        tree.apply(&Txn { zxid: 1, at: Time::START, op });
        assert_eq!(tree.settle(create("/e/x")), Err("NoChildrenForEphemerals"));
        tree.apply(&Txn { zxid: 2, at: Time::START, op: Op::Close(5) });
        assert_eq!(tree.get("/e"), None);
    }

    #[test]
    fn transactions_survive_json() {
        let txn = Txn { zxid: 1 << 33, at: Time::START, op: create("/é \"q\"") };
        let read =
            Value::from_json(&txn.to_value().to_json()).ok().and_then(|v| Txn::from_value(&v));
        assert_eq!(read, Some(txn));
    }
}
