//! One client's connection to a server: four-letter words, sessions, reads and writes.
//!
//! Upstream: Apache ZooKeeper 3.4, server/NIOServerCnxn.java and server/FinalRequestProcessor.java.

use crate::base::value::Value;
use crate::os::{Fd, Sys};
use crate::programs::zookeeper::server::{Origin, Running, log};
use crate::programs::zookeeper::tree::{Node, Op};
use crate::programs::zookeeper::wire::Conn;
use crate::value;

/// The version that the image has.
pub(super) const VERSION: &str =
    "3.4.10-39d3a4f269333c922ed3db283be479f9deacaa0f, built on 03/23/2017 10:13 GMT";

/// A client as a server sees it.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) conn: Conn,
    address: String,
    /// Its session, 0 before it has one.
    session: i64,
}

impl Client {
    pub(super) fn new(fd: Fd, address: &str) -> Client {
        Client { conn: Conn::new(fd), address: address.to_owned(), session: 0 }
    }

    /// Reads and answers what has come.
    pub(super) fn serve(&mut self, server: &mut Running, sys: &mut Sys, number: u64) {
        self.conn.fill(sys);
        if let Some(word) = four_letter_word(self.conn.rest()) {
            self.log_command(server, sys, &word);
            let text = answer_word(server, &word);
            let _ = sys.write(self.conn.fd, text.as_bytes());
            self.conn.close(sys);
            return;
        }
        while let Some(message) = self.conn.message() {
            server.received += 1;
            if !server.serves() {
                self.conn.close(sys);
                return;
            }
            self.request(server, sys, number, &message);
        }
    }

    fn log_command(&self, server: &Running, sys: &mut Sys, word: &str) {
        let port = server.config.client_port;
        let place = format!("NIOServerCxn.Factory:0.0.0.0/0.0.0.0:{port}:NIOServerCnxn@827");
        let text = format!("Processing {word} command from /{}", self.address);
        log(sys, server.id, &place, &text);
    }

    fn request(&mut self, server: &mut Running, sys: &mut Sys, number: u64, message: &Value) {
        let request = message.index(0).as_i64().unwrap_or(0);
        let path = message.index(2).text();
        let result = match message.index(1).text() {
            "connect" => {
                self.session = server.next_session;
                server.next_session += 1;
                server.submit(sys, Origin::Here(number, request), Op::Open(self.session));
                return;
            }
            "get" => server.tree.get(path).map(|node| {
                let count = server.tree.children(path).len();
                value!(["ok", node_value(node, count, true)])
            }),
            "stat" | "ls" => server.tree.get(path).map(|node| {
                let children = server.tree.children(path);
                let count = children.len();
                let names: Vec<Value> = children.into_iter().map(Value::from).collect();
                value!(["ok", node_value(node, count, false), names])
            }),
            _ => match self.change(message) {
                Some(op) => {
                    server.submit(sys, Origin::Here(number, request), op);
                    return;
                }
                None => Some(value!(["error", "Unimplemented"])),
            },
        };
        let result = result.unwrap_or_else(|| value!(["error", "NoNode"]));
        self.conn.send(sys, &value!([request, result]));
    }

    fn change(&self, message: &Value) -> Option<Op> {
        let text = |at: usize| message.index(at).as_str().map(str::to_owned);
        let number = |at: usize| message.index(at).as_i64();
        Some(match message.index(1).text() {
            "create" => {
                let flags = message.index(4).text();
                let owner = if flags.contains('e') { self.session } else { 0 };
                Op::Create(text(2)?, text(3)?, owner, flags.contains('s'))
            }
            "set" => Op::Set(text(2)?, text(3)?, number(4)?),
            "delete" => Op::Delete(text(2)?, number(3)?),
            _ => return None,
        })
    }

    /// The connection has ended; so has its session.
    pub(super) fn leave(&mut self, server: &mut Running, sys: &mut Sys) {
        sys.close(self.conn.fd);
        if self.session != 0 && server.serves() {
            server.submit(sys, Origin::Nobody, Op::Close(self.session));
        }
    }
}

fn four_letter_word(bytes: &[u8]) -> Option<String> {
    let word = std::str::from_utf8(bytes.get(..4)?).ok()?;
    let known = ["ruok", "stat", "srvr", "mntr", "conf", "isro", "cons", "envi"].contains(&word);
    let ends = bytes[4..].iter().all(u8::is_ascii_whitespace);
    (known && ends).then(|| word.to_owned())
}

/// The answer to a four-letter word.
fn answer_word(server: &Running, word: &str) -> String {
    let not_serving = "This ZooKeeper instance is not currently serving requests\n";
    match word {
        "ruok" => "imok".to_owned(),
        "conf" => configuration(server),
        "isro" => if server.serves() { "rw" } else { "null" }.to_owned(),
        _ if !server.serves() => not_serving.to_owned(),
        "mntr" => format!(
            "zk_version\t{VERSION}\nzk_packets_received\t{}\nzk_num_alive_connections\t{}\nzk_outstanding_requests\t0\nzk_server_state\t{}\nzk_znode_count\t{}\n",
            server.received,
            server.clients.len() + 1,
            server.mode(),
            server.tree.len()
        ),
        "stat" => {
            let clients: String = server
                .clients
                .values()
                .map(|c| format!(" /{}[1](queued=0,recved=1,sent=1)\n", c.address))
                .collect();
            format!("Zookeeper version: {VERSION}\nClients:\n{clients}\n{}", statistics(server))
        }
        "srvr" => format!("Zookeeper version: {VERSION}\n{}", statistics(server)),
        _ => format!("{word} is not simulated\n"),
    }
}

fn statistics(server: &Running) -> String {
    format!(
        "Latency min/avg/max: 0/0/0\nReceived: {}\nSent: {}\nConnections: {}\nOutstanding: 0\nZxid: {:#x}\nMode: {}\nNode count: {}\n",
        server.received,
        server.received,
        server.clients.len() + 1,
        server.applied,
        server.mode(),
        server.tree.len()
    )
}

fn configuration(server: &Running) -> String {
    let config = &server.config;
    format!(
        "clientPort={}\ndataDir={}/version-2\ntickTime={}\ninitLimit={}\nsyncLimit={}\nserverId={}\n",
        config.client_port,
        config.data_dir,
        config.tick.whole_millis(),
        config.init_limit,
        config.sync_limit,
        server.id
    )
}

fn node_value(node: &Node, children: usize, with_data: bool) -> Value {
    let mut value = value!({
        "czxid": node.czxid, "mzxid": node.mzxid, "pzxid": node.pzxid,
        "ctime": node.ctime.0, "mtime": node.mtime.0,
        "cversion": node.cversion, "version": node.version, "owner": node.owner,
        "length": node.data.len(), "children": children,
    });
    if with_data {
        value.set("data", &node.data);
    }
    value
}
