//! `zkCli.sh`: one command from the command line, or commands from a terminal.
//!
//! Upstream: Apache ZooKeeper 3.4, ZooKeeperMain.java and cli commands.

use crate::base::time::{Span, Time};
use crate::base::value::Value;
use crate::os::{Process, Read, Record, STDIN, Step, Sys, Wait};
use crate::programs::zookeeper::wire::Conn;
use crate::value;

/// Time between two tries to connect.
const RETRY: Span = Span::millis(1000);
/// How long a single command waits for its server.
const PATIENCE: Span = Span::seconds(10);

const HELP: &str = "ZooKeeper -server host:port cmd args\n\tstat path [watch]\n\tset path data [version]\n\tls path [watch]\n\tdelete path [version]\n\tget path [watch]\n\tcreate [-s] [-e] path data acl\n\tls2 path [watch]\n\trmr path\n\tquit\n";

/// The client as a process.
#[derive(Clone)]
pub(super) struct Cli {
    server: String,
    /// The command of the command line; none for a session.
    command: Option<Vec<String>>,
    conn: Option<Conn>,
    connected: bool,
    begun: Option<Time>,
    next_try: Time,
    /// The request that waits for its answer: its words.
    waiting: Option<Vec<String>>,
    typed: Vec<u8>,
    ended: bool,
    counter: usize,
    /// Nodes still to be deleted by `rmr`, deepest last.
    to_delete: Vec<String>,
}

/// Whether a command is finished.
enum Next {
    Sent,
    Finished,
}

impl Cli {
    pub(super) fn new(argv: &[String]) -> Cli {
        let mut words = argv[1.min(argv.len())..].iter().peekable();
        let mut server = "localhost:2181".to_owned();
        while let Some(option) = words.next_if(|word| word.starts_with('-')) {
            if let (true, Some(value)) = (option == "-server", words.next()) {
                server.clone_from(value);
            }
        }
        let command: Vec<String> = words.cloned().collect();
        Cli {
            server,
            command: (!command.is_empty()).then_some(command),
            conn: None,
            connected: false,
            begun: None,
            next_try: Time(0),
            waiting: None,
            typed: Vec::new(),
            ended: false,
            counter: 0,
            to_delete: Vec::new(),
        }
    }

    fn connect(&mut self, sys: &mut Sys) {
        let (host, port) = self.server.rsplit_once(':').unwrap_or((&self.server, "2181"));
        let address = sys.resolve(host, Record::A).into_iter().next().map(|answer| answer.data);
        let address = address.unwrap_or_else(|| host.to_owned());
        self.next_try = sys.now() + RETRY;
        if let Ok(fd) = sys.connect(&address, port.parse().unwrap_or(2181)) {
            let mut conn = Conn::new(fd);
            conn.send(sys, &value!([0, "connect"]));
            self.conn = Some(conn);
        }
    }

    /// Reads answers; `Some` is an exit code.
    fn listen(&mut self, sys: &mut Sys) -> Option<i32> {
        let conn = self.conn.as_mut()?;
        conn.fill(sys);
        while let Some(message) = self.conn.as_mut().and_then(Conn::message) {
            if !self.connected {
                self.connected = true;
                sys.print("\nWATCHER::\n\nWatchedEvent state:SyncConnected type:None path:null\n");
                if let Some(words) = self.command.clone() {
                    if matches!(self.execute(sys, words), Next::Finished) {
                        return Some(0);
                    }
                } else {
                    self.prompt(sys);
                }
                continue;
            }
            let code = self.take_answer(sys, message.index(1));
            if self.to_delete.is_empty() && self.command.is_some() {
                return Some(code);
            }
            self.delete_next(sys);
            if self.waiting.is_none() {
                self.prompt(sys);
            }
        }
        if self.conn.as_ref().is_some_and(|conn| conn.closed) {
            return self.lost(sys);
        }
        None
    }

    fn lost(&mut self, sys: &mut Sys) -> Option<i32> {
        if let Some(mut conn) = self.conn.take() {
            conn.close(sys);
        }
        let was_connected = std::mem::take(&mut self.connected);
        if let Some(words) = self.waiting.take() {
            let path = words
                .iter()
                .skip(1)
                .find(|word| !word.starts_with('-'))
                .cloned()
                .unwrap_or_default();
            return self.connection_loss(sys, &path);
        }
        if was_connected && self.command.is_none() {
            sys.print("\nWATCHER::\n\nWatchedEvent state:Disconnected type:None path:null\n");
        }
        None
    }

    fn connection_loss(&mut self, sys: &mut Sys, path: &str) -> Option<i32> {
        sys.eprint(&format!(
            "Exception in thread \"main\" org.apache.zookeeper.KeeperException$ConnectionLossException: KeeperErrorCode = ConnectionLoss for {path}\n"
        ));
        self.command.is_some().then_some(1)
    }

    fn prompt(&mut self, sys: &mut Sys) {
        let state = if self.connected { "CONNECTED" } else { "CONNECTING" };
        sys.print(&format!("[zk: {}({state}) {}] ", self.server, self.counter));
        self.counter += 1;
    }

    fn execute(&mut self, sys: &mut Sys, words: Vec<String>) -> Next {
        let request = match request(&words) {
            Ok(Some(request)) => request,
            Ok(None) => {
                sys.eprint(HELP);
                return Next::Finished;
            }
            Err(text) => {
                sys.eprint(&text);
                return Next::Finished;
            }
        };
        match &mut self.conn {
            Some(conn) if self.connected => {
                conn.send(sys, &request);
                self.waiting = Some(words);
                Next::Sent
            }
            _ => {
                let path = words.get(1).cloned().unwrap_or_default();
                self.connection_loss(sys, &path);
                Next::Finished
            }
        }
    }

    /// Prints the answer to the request that waits; returns the exit code that it means.
    fn take_answer(&mut self, sys: &mut Sys, answer: &Value) -> i32 {
        let Some(words) = self.waiting.take() else { return 0 };
        let path =
            words.iter().skip(1).find(|word| !word.starts_with('-')).cloned().unwrap_or_default();
        if answer.index(0).text() == "error" {
            sys.eprint(&failure(answer.index(1).text(), &path));
            return 1;
        }
        let node = answer.index(1);
        match words[0].as_str() {
            "create" => sys.print(&format!("Created {}\n", node.text())),
            "get" => sys.print(&format!("{}\n{}", node.get("data").text(), stat_text(node))),
            "stat" => sys.print(&stat_text(node)),
            "ls" => sys.print(&format!("[{}]\n", names(answer.index(2)))),
            "ls2" => sys.print(&format!("[{}]\n{}", names(answer.index(2)), stat_text(node))),
            "set" => {
                // The client prints the node's statistics after the change.
                self.ask(sys, vec!["stat".to_owned(), path]);
            }
            "rmr" => {
                let children = answer.index(2).as_array().iter();
                let below: Vec<String> = children
                    .map(|name| format!("{}/{}", path.trim_end_matches('/'), name.text()))
                    .collect();
                self.to_delete.push(path);
                self.to_delete.extend(below);
            }
            _ => {}
        }
        0
    }

    fn ask(&mut self, sys: &mut Sys, words: Vec<String>) {
        if let (Ok(Some(request)), Some(conn)) = (request(&words), &mut self.conn) {
            conn.send(sys, &request);
            self.waiting = Some(words);
        }
    }

    fn delete_next(&mut self, sys: &mut Sys) {
        if self.waiting.is_none()
            && let Some(path) = self.to_delete.pop()
        {
            self.ask(sys, vec!["delete".to_owned(), path]);
        }
    }

    fn read_typed(&mut self, sys: &mut Sys) {
        while !self.ended {
            match sys.read(STDIN, 4096) {
                Ok(Read::Data(bytes)) => self.typed.extend(bytes),
                Ok(Read::WouldBlock) => return,
                Ok(Read::End) | Err(_) => self.ended = true,
            }
        }
    }

    /// Executes typed lines until one has to wait; `true` when the session is to end.
    fn run_typed(&mut self, sys: &mut Sys) -> bool {
        while self.waiting.is_none() {
            let Some(end) = self.typed.iter().position(|byte| *byte == b'\n') else {
                return self.ended;
            };
            let line: Vec<u8> = self.typed.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            match words.first().map(String::as_str) {
                None => self.prompt(sys),
                Some("quit" | "close") => {
                    sys.print("Quitting...\n");
                    return true;
                }
                Some(_) => {
                    if matches!(self.execute(sys, words), Next::Finished) {
                        self.prompt(sys);
                    }
                }
            }
        }
        false
    }
}

/// The request that a command makes; `None` for a command that is not known.
///
/// # Errors
/// The usage text of a command with too few words.
fn request(words: &[String]) -> Result<Option<Value>, String> {
    let plain: Vec<&str> =
        words.iter().skip(1).map(String::as_str).filter(|w| !w.starts_with('-')).collect();
    let flags: String = words.iter().skip(1).filter_map(|w| w.strip_prefix('-')).collect();
    let path = plain.first().copied();
    let version = |at: usize| plain.get(at).and_then(|text| text.parse::<i64>().ok()).unwrap_or(-1);
    let usage = || format!("Command failed: java.lang.ArrayIndexOutOfBoundsException\n{HELP}");
    let verb = words.first().map_or("", String::as_str);
    Ok(Some(match verb {
        "get" | "stat" => value!([1, verb, path.ok_or_else(usage)?]),
        "ls" | "ls2" | "rmr" => value!([1, "ls", path.ok_or_else(usage)?]),
        "create" => {
            let data = plain.get(1).copied().ok_or_else(usage)?;
            value!([1, "create", path.ok_or_else(usage)?, data, flags])
        }
        "set" => {
            let data = plain.get(1).copied().ok_or_else(usage)?;
            value!([1, "set", path.ok_or_else(usage)?, data, version(2)])
        }
        "delete" => value!([1, "delete", path.ok_or_else(usage)?, version(1)]),
        _ => return Ok(None),
    }))
}

fn failure(code: &str, path: &str) -> String {
    match code {
        "NoNode" => format!("Node does not exist: {path}\n"),
        "NodeExists" => format!("Node already exists: {path}\n"),
        "NotEmpty" => format!("Node not empty: {path}\n"),
        "BadVersion" => format!("version No is not valid : {path}\n"),
        "NoChildrenForEphemerals" => format!("Ephemerals cannot have children: {path}\n"),
        _ => format!(
            "Command failed: java.lang.IllegalArgumentException: Invalid path string \"{path}\"\n"
        ),
    }
}

fn names(list: &Value) -> String {
    list.as_array().iter().map(Value::text).collect::<Vec<_>>().join(", ")
}

fn stat_text(node: &Value) -> String {
    let number = |key: &str| node.get(key).as_i64().unwrap_or(0);
    let date = |key: &str| Time(number(key)).format("%a %b %d %H:%M:%S UTC %Y");
    format!(
        "cZxid = {:#x}\nctime = {}\nmZxid = {:#x}\nmtime = {}\npZxid = {:#x}\ncversion = {}\ndataVersion = {}\naclVersion = 0\nephemeralOwner = {:#x}\ndataLength = {}\nnumChildren = {}\n",
        number("czxid"),
        date("ctime"),
        number("mzxid"),
        date("mtime"),
        number("pzxid"),
        number("cversion"),
        number("version"),
        number("owner"),
        number("length"),
        number("children"),
    )
}

impl Process for Cli {
    fn step(&mut self, sys: &mut Sys) -> Step {
        let now = sys.now();
        if self.begun.is_none() {
            self.begun = Some(now);
            sys.print(&format!("Connecting to {}\n", self.server));
            if self.command.is_none() {
                sys.print("Welcome to ZooKeeper!\nJLine support is disabled\n");
            }
        }
        if self.conn.is_none() && now >= self.next_try {
            self.connect(sys);
        }
        if let Some(code) = self.listen(sys) {
            return Step::Done(code);
        }
        if let (Some(words), Some(begun)) = (&self.command, self.begun)
            && !self.connected
            && now - begun >= PATIENCE
        {
            let path = words.get(1).cloned().unwrap_or_default();
            self.connection_loss(sys, &path);
            return Step::Done(1);
        }
        let mut wait = Wait::default();
        if self.command.is_none() {
            self.read_typed(sys);
            if self.connected && self.run_typed(sys) {
                return Step::Done(0);
            }
            if !self.ended {
                wait.readable.push(STDIN);
            } else if !self.connected {
                return Step::Done(1);
            }
        }
        match &self.conn {
            Some(conn) => wait.readable.push(conn.fd),
            None => wait.until = Some(self.next_try),
        }
        if let (false, Some(begun)) = (self.connected, self.begun) {
            wait = wait.or_until(begun + PATIENCE);
        }
        Step::Wait(wait)
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}
