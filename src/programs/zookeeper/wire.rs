//! Connections that carry one JSON value per line. Simplified: ZooKeeper's own encoding is binary.

use crate::base::value::Value;
use crate::os::{Fd, Read, Sys};

/// Most bytes of one message.
const LINE_MAX: usize = 2 << 20;

/// A connection with what has been read of it so far.
#[derive(Clone, Debug)]
pub(super) struct Conn {
    pub(super) fd: Fd,
    unread: Vec<u8>,
    pub(super) closed: bool,
}

impl Conn {
    pub(super) fn new(fd: Fd) -> Conn {
        Conn { fd, unread: Vec::new(), closed: false }
    }

    /// Reads what there is; `closed` says whether the other side is gone.
    pub(super) fn fill(&mut self, sys: &mut Sys) {
        while !self.closed {
            match sys.read(self.fd, 64 << 10) {
                Ok(Read::Data(bytes)) if self.unread.len() + bytes.len() <= LINE_MAX => {
                    self.unread.extend(bytes);
                }
                Ok(Read::WouldBlock) => return,
                Ok(Read::Data(_) | Read::End) | Err(_) => self.closed = true,
            }
        }
    }

    /// The next whole line, without its end.
    pub(super) fn line(&mut self) -> Option<String> {
        let end = self.unread.iter().position(|byte| *byte == b'\n')?;
        let line: Vec<u8> = self.unread.drain(..=end).collect();
        Some(String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    /// The next message; a line that is none closes the connection.
    pub(super) fn message(&mut self) -> Option<Value> {
        let line = self.line()?;
        let message = Value::from_json(&line).ok();
        self.closed = self.closed || message.is_none();
        message
    }

    /// What has come without a line's end: all that a four-letter word is.
    pub(super) fn rest(&self) -> &[u8] {
        &self.unread
    }

    pub(super) fn send(&mut self, sys: &mut Sys, message: &Value) {
        let line = format!("{}\n", message.to_json());
        if !self.closed && sys.write(self.fd, line.as_bytes()).is_err() {
            self.closed = true;
        }
    }

    pub(super) fn close(&mut self, sys: &mut Sys) {
        self.closed = true;
        sys.close(self.fd);
    }
}
