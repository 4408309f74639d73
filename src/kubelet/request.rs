//! A request over the network, as probes and hooks send it from the node.
//! Upstream: pkg/probe/http/http.go.

use crate::os::{Errno, Fd, Process, Read, Record, Step, Sys, Wait};

/// A GET request. It ends with 0 for an answer below 400, and says otherwise what went wrong.
#[derive(Clone)]
pub(super) struct Get {
    pub(super) url: String,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) connection: Option<Fd>,
    pub(super) answer: Vec<u8>,
}

/// Bytes of the answer that are looked at.
const LIMIT: usize = 10 * 1024;

impl Get {
    fn connect(&self, sys: &mut Sys) -> Result<Fd, String> {
        let refused = |errno: Errno| {
            let words = match errno {
                Errno::Refused => "connection refused".to_owned(),
                other => other.to_string().to_lowercase(),
            };
            let (url, host, port) = (&self.url, &self.host, self.port);
            format!("Get \"{url}\": dial tcp {host}:{port}: connect: {words}")
        };
        let is_address = self.host.chars().all(|c| c.is_ascii_digit() || c == '.');
        let address = if is_address {
            self.host.clone()
        } else {
            let found = sys.resolve(&self.host, Record::A);
            let Some(answer) = found.first() else {
                let (url, host) = (&self.url, &self.host);
                return Err(format!("Get \"{url}\": dial tcp: lookup {host}: no such host"));
            };
            answer.data.clone()
        };
        let fd = sys.connect(&address, self.port).map_err(refused)?;
        let slash = if self.path.starts_with('/') { "" } else { "/" };
        let mut text = format!("GET {slash}{} HTTP/1.1\r\n", self.path);
        let has = |name: &str| self.headers.iter().any(|(key, _)| key.eq_ignore_ascii_case(name));
        if !has("Host") {
            text.push_str(&format!("Host: {}:{}\r\n", self.host, self.port));
        }
        if !has("User-Agent") {
            text.push_str("User-Agent: kube-probe/1.36\r\n");
        }
        if !has("Accept") {
            text.push_str("Accept: */*\r\n");
        }
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("Connection: close\r\n\r\n");
        sys.write(fd, text.as_bytes()).map_err(refused)?;
        Ok(fd)
    }

    /// The verdict, as soon as the first line of the answer is there.
    fn verdict(&self, ended: bool) -> Option<Result<(), String>> {
        let text = String::from_utf8_lossy(&self.answer);
        let Some((first, _)) = text.split_once("\r\n").or_else(|| text.split_once('\n')) else {
            return ended.then(|| Err(format!("Get \"{}\": EOF", self.url)));
        };
        let code = first.split(' ').nth(1).and_then(|code| code.parse::<u16>().ok());
        Some(match code {
            Some(200..=399) => Ok(()),
            Some(code) => Err(format!("HTTP probe failed with statuscode: {code}")),
            None => Err(format!(
                "Get \"{}\": net/http: HTTP/1.x transport connection broken: malformed HTTP response \"{first}\"",
                self.url
            )),
        })
    }

    fn finish(result: Result<(), String>, sys: &mut Sys) -> Step {
        match result {
            Ok(()) => Step::Done(0),
            Err(message) => {
                sys.print(&message);
                Step::Done(1)
            }
        }
    }
}

impl Process for Get {
    fn step(&mut self, sys: &mut Sys) -> Step {
        let fd = match self.connection {
            Some(fd) => fd,
            None => match self.connect(sys) {
                Ok(fd) => {
                    self.connection = Some(fd);
                    fd
                }
                Err(message) => return Get::finish(Err(message), sys),
            },
        };
        loop {
            let read = sys.read(fd, LIMIT).unwrap_or(Read::End);
            let ended = read == Read::End;
            if let Read::Data(bytes) = &read {
                let room = LIMIT.saturating_sub(self.answer.len());
                self.answer.extend_from_slice(&bytes[..bytes.len().min(room)]);
            }
            if let Some(result) = self.verdict(ended) {
                return Get::finish(result, sys);
            }
            if read == Read::WouldBlock {
                return Step::Wait(Wait::readable(fd));
            }
        }
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}
