//! HTTP/1.1 between processes: addresses, messages, and a server that answers many connections.

use crate::base::time::{Span, Time};
use crate::os::{Errno, Fd, Process, Read, Signal, Step, Sys, Wait};

/// Longest head of a message.
const MAX_HEAD: usize = 64 << 10;
/// Largest body that is read.
const MAX_BODY: usize = 8 << 20;

/// An address: `http://host:80/path?query`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    /// `http`, in lower case.
    pub(crate) scheme: String,
    /// `user:password`, or "".
    pub(crate) user: String,
    /// Name or address.
    pub(crate) host: String,
    /// Given, or the scheme's.
    pub(crate) port: u16,
    /// Path with query, beginning with `/`.
    pub(crate) path: String,
}

impl Url {
    /// Reads an address; without a scheme it is `http`. `None` when it makes no sense.
    pub(crate) fn parse(text: &str) -> Option<Url> {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
            None => ("http".to_owned(), text),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let path = path.split('#').next().unwrap_or("");
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) if !port.is_empty() => (host, port.parse().ok()?),
            Some((host, _)) => (host, default_port(&scheme)),
            None => (host, default_port(&scheme)),
        };
        let plain = |c: char| !c.is_whitespace() && !c.is_control();
        if host.is_empty() || !text.chars().all(plain) {
            return None;
        }
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Some(Url { scheme, user: user.to_owned(), host: host.to_owned(), port, path })
    }

    /// `host`, or `host:8080` when the port is not the scheme's.
    pub(crate) fn authority(&self) -> String {
        if self.port == default_port(&self.scheme) {
            self.host.clone()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Where a `Location` leads.
    pub(crate) fn follow(&self, location: &str) -> Option<Url> {
        if location.contains("://") {
            return Url::parse(location);
        }
        let path = if location.starts_with('/') {
            location.to_owned()
        } else {
            let dir = self.path.rsplit_once('/').map_or("", |(dir, _)| dir);
            format!("{dir}/{location}")
        };
        Some(Url { path, ..self.clone() })
    }
}

fn default_port(scheme: &str) -> u16 {
    match scheme {
        "https" => 443,
        "ftp" => 21,
        _ => 80,
    }
}

/// A message: a request's or an answer's first line, headers and body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    /// `GET / HTTP/1.1`, `HTTP/1.1 200 OK`.
    pub(crate) first: String,
    /// In order, names as written.
    pub(crate) headers: Vec<(String, String)>,
    /// What follows the head.
    pub(crate) body: Vec<u8>,
}

/// How far a message has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Arrived {
    /// More must come.
    Partly,
    /// This message, of so many bytes.
    Whole(Message, usize),
    /// It is no HTTP.
    Nonsense,
}

impl Message {
    /// The first header of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// The words of the first line.
    pub(crate) fn word(&self, n: usize) -> &str {
        self.first.split(' ').nth(n).unwrap_or("")
    }

    /// An answer's status code; 0 when it has none.
    pub(crate) fn status(&self) -> u16 {
        self.word(1).parse().unwrap_or(0)
    }

    /// The head as it is sent, with the empty line.
    pub(crate) fn head(&self) -> String {
        let headers: String =
            self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!("{}\r\n{headers}\r\n", self.first)
    }

    /// Reads a message's head.
    pub(crate) fn parse_head(text: &str) -> Option<Message> {
        let mut lines = text.lines();
        let first = lines.next()?.to_owned();
        if !first.contains("HTTP/") {
            return None;
        }
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        Some(Message { first, headers, body: Vec::new() })
    }

    /// Where the head ends in these bytes.
    pub(crate) fn head_end(bytes: &[u8]) -> Option<usize> {
        bytes.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4)
    }

    /// Reads a request from the front of what has arrived.
    pub(crate) fn request(bytes: &[u8]) -> Arrived {
        let Some(end) = Message::head_end(bytes) else {
            return if bytes.len() > MAX_HEAD { Arrived::Nonsense } else { Arrived::Partly };
        };
        let head = String::from_utf8_lossy(&bytes[..end]);
        let Some(mut message) = Message::parse_head(&head) else { return Arrived::Nonsense };
        let length = message.header("content-length").map_or(Some(0), |v| v.parse().ok());
        let Some(length) = length.filter(|l: &usize| *l <= MAX_BODY) else {
            return Arrived::Nonsense;
        };
        match bytes.get(end..end + length) {
            None => Arrived::Partly,
            Some(body) => {
                message.body = body.to_vec();
                Arrived::Whole(message, end + length)
            }
        }
    }
}

/// An answer of a server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    /// Status code.
    pub(crate) status: u16,
    /// Besides those that every answer of the server has.
    pub(crate) headers: Vec<(String, String)>,
    /// What is sent (for HEAD only its length).
    pub(crate) body: Vec<u8>,
}

/// The words that belong to a status code.
pub(crate) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Moved Temporarily",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Not Allowed",
        413 => "Request Entity Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Temporarily Unavailable",
        504 => "Gateway Time-out",
        _ => "Unknown",
    }
}

/// What an HTTP server serves.
pub(crate) trait Site: Clone + 'static {
    /// Prepares; gives the ports, or the exit code when it cannot start.
    fn start(&mut self, argv: &[String], sys: &mut Sys) -> Result<Vec<u16>, i32>;

    /// A port is taken already: the exit code.
    fn port_taken(&mut self, port: u16, error: Errno, sys: &mut Sys) -> i32;

    /// Answers a request.
    fn answer(&mut self, request: &Message, peer: &str, sys: &mut Sys) -> Answer;

    /// The `Server` header, if any.
    fn server_header(&self) -> Option<String>;

    /// A signal to end has come: how long it takes; `None` when the signal means something else.
    fn stop(&mut self, signal: Signal, sys: &mut Sys) -> Option<Span>;
}

/// An HTTP server as a process.
#[derive(Clone)]
pub(crate) struct Server<S> {
    argv: Vec<String>,
    site: S,
    listeners: Vec<Fd>,
    connections: Vec<Connection>,
    started: bool,
    ends: Option<Time>,
}

#[derive(Clone)]
struct Connection {
    fd: Fd,
    peer: String,
    bytes: Vec<u8>,
}

/// Makes a process of a site.
pub(crate) fn server<S: Site>(argv: &[String], site: S) -> Box<dyn Process> {
    Box::new(Server {
        argv: argv.to_vec(),
        site,
        listeners: Vec::new(),
        connections: Vec::new(),
        started: false,
        ends: None,
    })
}

impl<S: Site> Server<S> {
    fn start(&mut self, sys: &mut Sys) -> Result<(), i32> {
        self.started = true;
        for port in self.site.start(&self.argv, sys)? {
            match sys.listen(port) {
                Ok(fd) => self.listeners.push(fd),
                Err(error) => return Err(self.site.port_taken(port, error, sys)),
            }
        }
        Ok(())
    }

    fn accept(&mut self, sys: &mut Sys) {
        for listener in &self.listeners {
            while let Some((fd, peer)) = sys.accept(*listener) {
                self.connections.push(Connection { fd, peer, bytes: Vec::new() });
            }
        }
    }

    /// Reads what has come over a connection and answers; `false` when it is over.
    fn serve(&mut self, at: usize, sys: &mut Sys) -> bool {
        let Connection { fd, peer, .. } = self.connections[at].clone();
        let ended = loop {
            match sys.read(fd, 64 << 10) {
                Ok(Read::Data(bytes)) => self.connections[at].bytes.extend(bytes),
                Ok(Read::WouldBlock) => break false,
                Ok(Read::End) | Err(_) => break true,
            }
        };
        loop {
            match Message::request(&self.connections[at].bytes) {
                Arrived::Partly => return !ended,
                Arrived::Nonsense => {
                    let request = Message::default();
                    let answer = self.site.answer(&request, &peer, sys);
                    send(sys, fd, &answer, self.site.server_header(), false, false);
                    return false;
                }
                Arrived::Whole(request, used) => {
                    self.connections[at].bytes.drain(..used);
                    let answer = self.site.answer(&request, &peer, sys);
                    let connection = request.header("connection").unwrap_or("");
                    let keep = request.first.ends_with("HTTP/1.1")
                        && !connection.eq_ignore_ascii_case("close");
                    let head_only = request.word(0) == "HEAD";
                    if !send(sys, fd, &answer, self.site.server_header(), keep, head_only) || !keep
                    {
                        return false;
                    }
                }
            }
        }
    }
}

fn send(
    sys: &mut Sys,
    fd: Fd,
    answer: &Answer,
    server: Option<String>,
    keep: bool,
    head_only: bool,
) -> bool {
    let mut message = Message {
        first: format!("HTTP/1.1 {} {}", answer.status, reason(answer.status)),
        ..Message::default()
    };
    let mut add = |name: &str, value: String| message.headers.push((name.to_owned(), value));
    if let Some(server) = server {
        add("Server", server);
    }
    add("Date", sys.now().format("%a, %d %b %Y %H:%M:%S GMT"));
    let mut own = answer.headers.clone();
    let kind = own.iter().position(|(name, _)| name == "Content-Type").map(|at| own.remove(at));
    if let Some((name, value)) = kind {
        add(&name, value);
    }
    add("Content-Length", answer.body.len().to_string());
    let (last, first): (Vec<_>, Vec<_>) =
        own.into_iter().partition(|(name, _)| name == "ETag" || name == "Accept-Ranges");
    for (name, value) in first {
        add(&name, value);
    }
    add("Connection", if keep { "keep-alive" } else { "close" }.to_owned());
    for (name, value) in last {
        add(&name, value);
    }
    let mut bytes = message.head().into_bytes();
    if !head_only {
        bytes.extend(&answer.body);
    }
    sys.write(fd, &bytes).is_ok()
}

impl<S: Site> Process for Server<S> {
    fn step(&mut self, sys: &mut Sys) -> Step {
        if !self.started
            && let Err(code) = self.start(sys)
        {
            return Step::Done(code);
        }
        if self.ends.is_some_and(|ends| ends <= sys.now()) {
            return Step::Done(0);
        }
        self.accept(sys);
        let mut at = 0;
        while at < self.connections.len() {
            if self.serve(at, sys) {
                at += 1;
            } else {
                let connection = self.connections.remove(at);
                sys.close(connection.fd);
            }
        }
        let fds = self.connections.iter().map(|c| c.fd);
        Step::Wait(Wait {
            until: self.ends,
            readable: self.listeners.iter().copied().chain(fds).collect(),
            ..Wait::default()
        })
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }

    fn signal(&mut self, signal: Signal, sys: &mut Sys) -> bool {
        // A client that has gone away must not end its server.
        if signal == Signal::Pipe {
            return true;
        }
        let Some(span) = self.site.stop(signal, sys) else { return false };
        for listener in std::mem::take(&mut self.listeners) {
            sys.close(listener);
        }
        let ends = sys.after(span);
        self.ends = Some(self.ends.map_or(ends, |e| e.min(ends)));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let url = Url::parse("web-0.nginx:8080/a?b#c").unwrap();
        assert_eq!((url.host.as_str(), url.port, url.path.as_str()), ("web-0.nginx", 8080, "/a?b"));
        assert_eq!(url.authority(), "web-0.nginx:8080");
        assert_eq!(Url::parse("HTTPS://u:p@k8s.io").unwrap().port, 443);
        assert_eq!(url.follow("x").unwrap().path, "/x");
        assert_eq!(url.follow("http://b/").unwrap().host, "b");
        assert!(Url::parse("http://:80/").is_none());
        assert!(Url::parse("http://a:x/").is_none());
        assert!(Url::parse("http://a b/").is_none());
    }

    #[test]
    fn requests_arrive_in_parts() {
        let text = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhiGET";
        assert_eq!(Message::request(&text[..30]), Arrived::Partly);
        let Arrived::Whole(message, used) = Message::request(text) else { panic!() };
        assert_eq!((message.word(0), message.header("host"), used), ("POST", Some("a"), 49));
        assert_eq!(message.body, b"hi");
        assert_eq!(Message::request(b"nonsense\r\n\r\n"), Arrived::Nonsense);
    }
}
