//! `zoo.cfg` as the server reads it.

use crate::base::time::Span;

/// One server of the ensemble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) id: i64,
    pub(super) host: String,
    pub(super) quorum_port: u16,
    pub(super) election_port: u16,
}

/// The settings that the simulation reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Config {
    pub(super) client_port: u16,
    pub(super) data_dir: String,
    pub(super) tick: Span,
    /// Ticks that a leader waits for its followers at the start.
    pub(super) init_limit: i64,
    /// Ticks after which a silent follower or leader is given up.
    pub(super) sync_limit: i64,
    pub(super) members: Vec<Member>,
}

impl Config {
    /// Reads a `zoo.cfg`.
    ///
    /// # Errors
    /// The line that cannot be read, in the server's words.
    pub(super) fn parse(text: &str) -> Result<Config, String> {
        let mut config = Config {
            client_port: 2181,
            data_dir: String::new(),
            tick: Span::millis(2000),
            init_limit: 10,
            sync_limit: 5,
            members: Vec::new(),
        };
        for line in
            text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            let (key, value) =
                line.split_once('=').ok_or_else(|| format!("{line} is not a setting"))?;
            config.set(key.trim(), value.trim()).ok_or_else(|| format!("{line} cannot be read"))?;
        }
        if config.data_dir.is_empty() {
            return Err("dataDir is not set".to_owned());
        }
        Ok(config)
    }

    fn set(&mut self, key: &str, value: &str) -> Option<()> {
        match key {
            "clientPort" => self.client_port = value.parse().ok()?,
            "dataDir" => self.data_dir = value.trim_end_matches('/').to_owned(),
            "tickTime" => self.tick = Span::millis(value.parse().ok()?),
            "initLimit" => self.init_limit = value.parse().ok()?,
            "syncLimit" => self.sync_limit = value.parse().ok()?,
            _ => {
                if let Some(id) = key.strip_prefix("server.") {
                    let mut parts = value.split(':');
                    self.members.push(Member {
                        id: id.parse().ok()?,
                        host: parts.next()?.to_owned(),
                        quorum_port: parts.next()?.parse().ok()?,
                        election_port: parts.next()?.parse().ok()?,
                    });
                }
            }
        }
        Some(())
    }

    /// How many servers are a majority.
    pub(super) fn quorum(&self) -> usize {
        self.members.len() / 2 + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tutorials_file_is_read() {
        let text = "#comment\nclientPort=2181\ndataDir=/var/lib/zookeeper/data\ntickTime=2000\ninitLimit=10\nsyncLimit=5\nmaxClientCnxns=60\nminSessionTimeout= 4000\nserver.1=zk-0.zk-hs.default.svc.cluster.local:2888:3888\nserver.2=zk-1.zk-hs.default.svc.cluster.local:2888:3888\n";
        let config = Config::parse(text).expect("it is a configuration");
        assert_eq!((config.members.len(), config.quorum()), (2, 2));
        assert_eq!(config.members[1].host, "zk-1.zk-hs.default.svc.cluster.local");
        assert_eq!(config.members[1].election_port, 3888);
        assert!(Config::parse("nonsense").is_err());
    }
}
