//! An HTTP exchange seen from the client: look the name up, connect, send, read the answer.

use crate::base::time::{Span, Time};
use crate::os::{Errno, Fd, Read, Record, Sys, Wait};

use super::http::{Message, Url};

/// How long connecting to an address that does not answer takes when nothing limits it.
const CONNECT_PATIENCE: Span = Span::seconds(134);
/// How long it takes until an address is known to be unreachable.
const UNREACHABLE_AFTER: Span = Span::millis(3_060);
/// Largest answer.
const MAX_BYTES: usize = 16 << 20;

/// An exchange on its way.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    /// Where to.
    pub(crate) url: Url,
    request: Vec<u8>,
    head_only: bool,
    /// When it began.
    pub(crate) began: Time,
    /// Until when a connection must stand.
    connect_until: Option<Time>,
    /// Until when all must be over.
    until: Option<Time>,
    state: State,
    /// The address connected to.
    pub(crate) address: String,
}

#[derive(Clone, Debug)]
enum State {
    Begin,
    /// The connection will fail so at this time.
    Failing(Time, Failure),
    Open(Fd, Vec<u8>),
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The name is unknown.
    NoHost,
    /// Nothing listens.
    Refused,
    /// The address did not answer in time.
    NoConnection,
    /// Nobody has the address.
    Unreachable,
    /// The time was up before the answer was there; so many bytes had come.
    Late(usize),
    /// The other side hung up without a word.
    Empty,
    /// What came is no HTTP.
    Nonsense,
    /// The other side hung up in the middle; so many bytes were still to come.
    Partial(usize),
}

/// How far an exchange is.
pub(crate) enum Progress {
    /// Not yet there.
    Wait(Wait),
    /// Connected just now.
    Connected,
    /// It has failed.
    Failed(Failure),
    /// The answer.
    Answer(Message),
}

/// Limits of an exchange.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    /// For connecting.
    pub(crate) connect: Option<Span>,
    /// For everything.
    pub(crate) whole: Option<Span>,
}

impl Exchange {
    /// Prepares a request; `head_only` when no body will follow the answer's head.
    pub(crate) fn new(
        url: Url,
        request: &Message,
        head_only: bool,
        limits: Limits,
        sys: &Sys,
    ) -> Exchange {
        let mut bytes = request.head().into_bytes();
        bytes.extend(&request.body);
        let after = |span: Option<Span>| span.map(|s| sys.after(s));
        Exchange {
            url,
            request: bytes,
            head_only,
            began: sys.now(),
            connect_until: after(limits.connect),
            until: after(limits.whole),
            state: State::Begin,
            address: String::new(),
        }
    }

    /// Goes on as far as it can.
    pub(crate) fn advance(&mut self, sys: &mut Sys) -> Progress {
        match self.state.clone() {
            State::Begin => self.connect(sys),
            State::Failing(at, failure) if at <= sys.now() => Progress::Failed(failure),
            State::Failing(at, _) => Progress::Wait(Wait::until(at)),
            State::Open(fd, bytes) => self.read(fd, bytes, sys),
        }
    }

    fn connect(&mut self, sys: &mut Sys) -> Progress {
        let answers = sys.resolve(&self.url.host, Record::A);
        if answers.is_empty() {
            return Progress::Failed(Failure::NoHost);
        }
        let n = sys.rng("connect", sys.now().0 as u64).index(answers.len());
        self.address.clone_from(&answers[n].data);
        match sys.connect(&self.address, self.url.port) {
            Ok(fd) => {
                let sent = sys.write(fd, &self.request);
                self.state = State::Open(fd, Vec::new());
                if sent.is_err() { Progress::Failed(Failure::Empty) } else { Progress::Connected }
            }
            Err(Errno::Refused) => Progress::Failed(Failure::Refused),
            Err(error) => {
                let now = sys.now();
                let (span, failure) = match error {
                    Errno::Unreachable => (UNREACHABLE_AFTER, Failure::Unreachable),
                    _ => (CONNECT_PATIENCE, Failure::NoConnection),
                };
                let limit = self.connect_until.into_iter().chain(self.until).min();
                let (at, failure) = match limit {
                    Some(limit) if limit < now + span => (limit, Failure::NoConnection),
                    _ => (now + span, failure),
                };
                self.state = State::Failing(at, failure);
                Progress::Wait(Wait::until(at))
            }
        }
    }

    fn read(&mut self, fd: Fd, mut bytes: Vec<u8>, sys: &mut Sys) -> Progress {
        loop {
            let ended = match sys.read(fd, 64 << 10) {
                Ok(Read::Data(more)) => {
                    bytes.extend(more);
                    bytes.len() > MAX_BYTES
                }
                Ok(Read::WouldBlock) => {
                    let received = bytes.len();
                    self.state = State::Open(fd, bytes);
                    if self.until.is_some_and(|until| until <= sys.now()) {
                        sys.close(fd);
                        return Progress::Failed(Failure::Late(received));
                    }
                    return Progress::Wait(Wait { until: self.until, ..Wait::readable(fd) });
                }
                Ok(Read::End) | Err(_) => true,
            };
            match answer(&bytes, self.head_only, ended) {
                None if ended => {
                    sys.close(fd);
                    return Progress::Failed(Failure::Empty);
                }
                None => {}
                Some(result) => {
                    sys.close(fd);
                    return match result {
                        Ok(message) => Progress::Answer(message),
                        Err(failure) => Progress::Failed(failure),
                    };
                }
            }
        }
    }
}

/// The answer in these bytes, once it is whole.
fn answer(bytes: &[u8], head_only: bool, ended: bool) -> Option<Result<Message, Failure>> {
    if bytes.len() >= 5 && !bytes.starts_with(b"HTTP/") {
        return Some(Err(Failure::Nonsense));
    }
    let end = Message::head_end(bytes)?;
    let head = String::from_utf8_lossy(&bytes[..end]);
    let Some(mut message) = Message::parse_head(&head) else { return Some(Err(Failure::Nonsense)) };
    let body = &bytes[end..];
    if head_only || matches!(message.status(), 204 | 304) {
        return Some(Ok(message));
    }
    if message.header("transfer-encoding").is_some_and(|t| t.eq_ignore_ascii_case("chunked")) {
        return match chunks(body) {
            Some(body) => {
                message.body = body;
                Some(Ok(message))
            }
            None => ended.then_some(Err(Failure::Partial(0))),
        };
    }
    match message.header("content-length").and_then(|v| v.parse::<usize>().ok()) {
        Some(length) if body.len() >= length => message.body = body[..length].to_vec(),
        Some(length) if ended => return Some(Err(Failure::Partial(length - body.len()))),
        None if ended => message.body = body.to_vec(),
        _ => return None,
    }
    Some(Ok(message))
}

/// A chunked body, once it is whole.
fn chunks(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = bytes.windows(2).position(|w| w == b"\r\n")?;
        let size = String::from_utf8_lossy(&bytes[..end]);
        let size = usize::from_str_radix(size.split(';').next().unwrap_or("").trim(), 16).ok()?;
        let start = end + 2;
        let stop = start.checked_add(size)?;
        let chunk = bytes.get(start..stop)?;
        if size == 0 {
            return Some(body);
        }
        body.extend(chunk);
        bytes = bytes.get(stop + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_whole_when_they_are() {
        let text: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
        assert!(answer(&text[..30], false, false).is_none());
        assert_eq!(answer(text, false, false).unwrap().unwrap().body, b"hi");
        assert_eq!(answer(&text[..text.len() - 1], false, true), Some(Err(Failure::Partial(1))));
        let text = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
        assert_eq!(answer(text, false, false).unwrap().unwrap().body, b"hi");
        assert_eq!(answer(b"SSH-2.0", false, false), Some(Err(Failure::Nonsense)));
    }
}
