//! What a server keeps on its volume: its epochs and its log of transactions.
//!
//! Upstream: Apache ZooKeeper 3.4, server/persistence and the files `acceptedEpoch`, `currentEpoch`.
//! Simplified: the log is one text file, never cut by a snapshot.

use crate::base::value::Value;
use crate::os::{OpenFlags, Sys};
use crate::programs::zookeeper::tree::{Txn, Zxid};

/// The durable state, as it is in memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Storage {
    dir: String,
    /// The newest epoch that this server has promised to follow.
    pub(super) accepted_epoch: i64,
    /// The epoch of the newest leader whose history this server has taken over.
    pub(super) current_epoch: i64,
    pub(super) log: Vec<Txn>,
}

impl Storage {
    /// Reads what an earlier run has left in the data directory.
    pub(super) fn open(sys: &mut Sys, data_dir: &str) -> Storage {
        let dir = format!("{data_dir}/version-2");
        // A directory that is there already is as good as a new one.
        let _ = sys.mkdir(&dir, 0o755);
        let read = |sys: &Sys, name: &str| -> String {
            let bytes = sys.read_file(&format!("{dir}/{name}")).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let epoch = |sys: &Sys, name: &str| read(sys, name).trim().parse().unwrap_or(0);
        let (accepted_epoch, current_epoch) =
            (epoch(sys, "acceptedEpoch"), epoch(sys, "currentEpoch"));
        let text = read(sys, "log");
        let values = text.lines().map_while(|line| Value::from_json(line).ok());
        let log = values.map_while(|value| Txn::from_value(&value)).collect();
        Storage { dir, accepted_epoch, current_epoch, log }
    }

    pub(super) fn last(&self) -> Zxid {
        self.log.last().map_or(0, |txn| txn.zxid)
    }

    fn write(&self, sys: &mut Sys, name: &str, text: &str) {
        // A volume without room stops the server at its next start; nothing can be promised beyond that.
        let _ = sys.write_file(&format!("{}/{name}", self.dir), text.as_bytes());
    }

    pub(super) fn accept_epoch(&mut self, sys: &mut Sys, epoch: i64) {
        self.accepted_epoch = epoch;
        self.write(sys, "acceptedEpoch", &epoch.to_string());
    }

    pub(super) fn enter_epoch(&mut self, sys: &mut Sys, epoch: i64) {
        self.current_epoch = epoch;
        self.write(sys, "currentEpoch", &epoch.to_string());
    }

    pub(super) fn append(&mut self, sys: &mut Sys, txn: Txn) {
        let line = format!("{}\n", txn.to_value().to_json());
        if let Ok(fd) = sys.open(&format!("{}/log", self.dir), OpenFlags::APPEND) {
            let _ = sys.write(fd, line.as_bytes());
            sys.close(fd);
        }
        self.log.push(txn);
    }

    /// Takes over a leader's history: drops what comes after `common` and adds the rest.
    pub(super) fn replace(&mut self, sys: &mut Sys, common: Zxid, rest: Vec<Txn>) {
        self.log.retain(|txn| txn.zxid <= common);
        self.log.extend(rest);
        let lines: String =
            self.log.iter().map(|txn| format!("{}\n", txn.to_value().to_json())).collect();
        self.write(sys, "log", &lines);
    }

    /// The newest own transaction that is not newer than `zxid`, and all that follow it.
    pub(super) fn since(&self, zxid: Zxid) -> (Zxid, Vec<Txn>) {
        let at = self.log.partition_point(|txn| txn.zxid <= zxid);
        let common = at.checked_sub(1).map_or(0, |at| self.log[at].zxid);
        (common, self.log[at..].to_vec())
    }
}
