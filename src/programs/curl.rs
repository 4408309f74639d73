//! `curl`: talks HTTP to Services, pods and the documents that the application serves.
//! Upstream words: curl 8.5, lib/strerror.c and src/tool_operate.c.
//!
//! Simplified: the progress meter is shown only when the answer goes into a file; there is no TLS between processes.

use crate::base::base64;
use crate::base::time::Span;
use crate::os::{Process, Program, STDOUT, Step, Sys, Wait};

use super::support::args::{Args, Tool, Wrong};
use super::support::client::{Exchange, Failure, Limits, Progress};
use super::support::http::{Message, Url};
use super::support::text::{base_name, seconds, unescape};

/// `curl`.
pub(super) static CURL: Program = Program {
    name: "curl",
    start: |argv| {
        Box::new(Curl {
            argv: argv.to_vec(),
            plan: None,
            todo: Vec::new(),
            now: None,
            body: Vec::new(),
            redirects: 0,
            tries: 0,
            code: 0,
        })
    },
};

const TOOL: Tool = Tool {
    name: "curl",
    usage: "[options...] <url>",
    options: "sSIiLO o:vX:d:H:m:A:u:kfGe:w:x:#NqgZ46T:F:b:c:r:y:VhjJαβγ:δ:ε:ζ:ηθ:ικλ",
    long: &[
        ("silent", 's'),
        ("show-error", 'S'),
        ("head", 'I'),
        ("include", 'i'),
        ("location", 'L'),
        ("remote-name", 'O'),
        ("output", 'o'),
        ("verbose", 'v'),
        ("request", 'X'),
        ("data", 'd'),
        ("data-ascii", 'd'),
        ("data-raw", 'γ'),
        ("data-binary", 'δ'),
        ("data-urlencode", 'θ'),
        ("header", 'H'),
        ("max-time", 'm'),
        ("connect-timeout", 'ε'),
        ("user-agent", 'A'),
        ("user", 'u'),
        ("insecure", 'k'),
        ("fail", 'f'),
        ("get", 'G'),
        ("referer", 'e'),
        ("write-out", 'w'),
        ("proxy", 'x'),
        ("progress-bar", '#'),
        ("no-buffer", 'N'),
        ("globoff", 'g'),
        ("ipv4", '4'),
        ("ipv6", '6'),
        ("compressed", 'α'),
        ("http1.1", 'β'),
        ("http1.0", 'β'),
        ("retry", 'ζ'),
        ("retry-connrefused", 'η'),
        ("upload-file", 'T'),
        ("form", 'F'),
        ("cookie", 'b'),
        ("cookie-jar", 'c'),
        ("range", 'r'),
        ("version", 'V'),
        ("help", 'h'),
        ("no-progress-meter", 'ι'),
        ("create-dirs", 'κ'),
        ("fail-with-body", 'λ'),
        ("remote-header-name", 'J'),
    ],
    trouble: 2,
};

/// Most redirects followed.
const MAX_REDIRECTS: u32 = 50;

#[derive(Clone)]
struct Curl {
    argv: Vec<String>,
    plan: Option<Args>,
    /// Addresses still to be asked.
    todo: Vec<String>,
    now: Option<Exchange>,
    /// What is sent, once standard input has been read.
    body: Vec<u8>,
    redirects: u32,
    tries: u32,
    code: i32,
}

impl Curl {
    fn setup(&mut self, sys: &mut Sys) -> Result<Args, i32> {
        let args = match TOOL.read(&self.argv) {
            Ok(args) => args,
            Err(Wrong::Short(o)) => return Err(unknown(&format!("-{o}"), sys)),
            Err(Wrong::Long(o)) => return Err(unknown(&format!("--{o}"), sys)),
            Err(Wrong::NoValue(o)) => {
                let o = if o.starts_with('-') { o } else { format!("-{o}") };
                sys.eprint(&format!("curl: option {o}: requires parameter\n{HINT}"));
                return Err(2);
            }
            Err(Wrong::Help) => return Err(help(sys)),
            Err(Wrong::Version | Wrong::ExtraValue(_)) => return Err(version(sys)),
        };
        if args.has('h') {
            return Err(help(sys));
        }
        if args.has('V') {
            return Err(version(sys));
        }
        let missing = [
            ('x', "--proxy"),
            ('T', "--upload-file"),
            ('F', "--form"),
            ('b', "--cookie"),
            ('c', "--cookie-jar"),
            ('r', "--range"),
            ('J', "--remote-header-name"),
        ];
        if let Some((_, name)) = missing.iter().find(|(o, _)| args.has(*o)) {
            sys.eprint(&format!("curl: option {name}: is not simulated\n"));
            return Err(2);
        }
        if args.operands.is_empty() {
            sys.eprint("curl: (2) no URL specified\n");
            return Err(2);
        }
        self.todo = args.operands.iter().rev().cloned().collect();
        self.body = self.data(&args, sys)?;
        Ok(args)
    }

    /// The request's body from `-d` and its relatives.
    fn data(&self, args: &Args, sys: &mut Sys) -> Result<Vec<u8>, i32> {
        let mut parts: Vec<Vec<u8>> = Vec::new();
        for (option, value) in args.all("dγδθ") {
            let file = value.strip_prefix('@').filter(|_| option == 'd' || option == 'δ');
            parts.push(match file {
                Some("-") => return Err(refuse(sys, "reading the body from standard input")),
                Some(file) => match sys.read_file(file) {
                    Ok(bytes) if option == 'd' => {
                        bytes.into_iter().filter(|b| *b != b'\n' && *b != b'\r').collect()
                    }
                    Ok(bytes) => bytes,
                    Err(_) => {
                        sys.eprint(&format!(
                            "curl: option -d: error encountered when reading a file\n{HINT}"
                        ));
                        return Err(26);
                    }
                },
                None if option == 'θ' => encode(value).into_bytes(),
                None => value.as_bytes().to_vec(),
            });
        }
        Ok(parts.join(&b'&'))
    }

    /// Begins with the next address; `None` when all are done.
    fn begin(&mut self, args: &Args, sys: &mut Sys) -> Option<Result<Exchange, i32>> {
        let text = self.todo.last()?.clone();
        if let Some((scheme, _)) = text.split_once("://")
            && !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https")
        {
            let text = format!("Protocol \"{scheme}\" not supported");
            return Some(Err(self.fail(args, 1, &text, sys)));
        }
        let Some(mut url) = Url::parse(&text) else {
            let why = if text.contains(char::is_whitespace) {
                "URL rejected: Malformed input to a URL function"
            } else if text.contains("://")
                && text.split_once("://").is_some_and(|(_, r)| r.is_empty() || r.starts_with('/'))
            {
                "URL rejected: No host part in the URL"
            } else {
                "URL rejected: Port number was not a decimal number between 0 and 65535"
            };
            return Some(Err(self.fail(args, 3, why, sys)));
        };
        if args.has('G') && !self.body.is_empty() {
            let mark = if url.path.contains('?') { '&' } else { '?' };
            url.path = format!("{}{mark}{}", url.path, String::from_utf8_lossy(&self.body));
        }
        Some(Ok(self.exchange(args, url, sys)))
    }

    fn exchange(&self, args: &Args, url: Url, sys: &mut Sys) -> Exchange {
        let sends = !self.body.is_empty() && !args.has('G')
            || args.all("dγδθ").next().is_some() && !args.has('G');
        let method = match args.value('X') {
            Some(method) => method.to_owned(),
            None if args.has('I') => "HEAD".to_owned(),
            None if sends => "POST".to_owned(),
            None => "GET".to_owned(),
        };
        let mut request =
            Message { first: format!("{method} {} HTTP/1.1", url.path), ..Message::default() };
        let own: Vec<(String, String)> = args
            .values('H')
            .filter_map(|h| h.split_once(':'))
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
            .collect();
        let given = |name: &str| own.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        let mut add = |name: &str, value: String| {
            if !given(name) {
                request.headers.push((name.to_owned(), value));
            }
        };
        add("Host", url.authority());
        let user =
            args.value('u').map(str::to_owned).or((!url.user.is_empty()).then(|| url.user.clone()));
        if let Some(user) = user {
            add("Authorization", format!("Basic {}", base64::encode(user.as_bytes())));
        }
        add("User-Agent", args.value('A').unwrap_or("curl/8.5.0").to_owned());
        add("Accept", "*/*".to_owned());
        if let Some(referer) = args.value('e') {
            add("Referer", referer.to_owned());
        }
        if sends {
            add("Content-Length", self.body.len().to_string());
            add("Content-Type", "application/x-www-form-urlencoded".to_owned());
            request.body.clone_from(&self.body);
        }
        request.headers.extend(own.into_iter().filter(|(_, value)| !value.is_empty()));
        let limit =
            |o: char| args.value(o).and_then(seconds).filter(|s| *s > 0.0).map(Span::seconds_f64);
        let limits = Limits { connect: limit('ε'), whole: limit('m') };
        let exchange = Exchange::new(url, &request, method == "HEAD", limits, sys);
        if args.has('v') {
            self.trace(&exchange, &request, sys);
        }
        exchange
    }

    /// The `-v` lines up to the request.
    fn trace(&self, exchange: &Exchange, request: &Message, sys: &mut Sys) {
        let url = &exchange.url;
        let address = sys.resolve(&url.host, crate::os::Record::A).first().map(|a| a.data.clone());
        let Some(address) = address else {
            sys.eprint(&format!("* Could not resolve host: {}\n* Closing connection\n", url.host));
            return;
        };
        sys.eprint(&format!(
            "* Host {host}:{port} was resolved.\n* IPv6: (none)\n* IPv4: {address}\n*   Trying {address}:{port}...\n\
             * Connected to {host} ({address}) port {port}\n",
            host = url.host,
            port = url.port,
        ));
        let head: String = request.head().lines().map(|l| format!("> {l}\n")).collect();
        sys.eprint(&head);
    }

    /// Tells a failure unless silenced, and gives its code.
    fn fail(&self, args: &Args, code: i32, text: &str, sys: &mut Sys) -> i32 {
        if !args.has('s') || args.has('S') {
            sys.eprint(&format!("curl: ({code}) {text}\n"));
        }
        code
    }

    fn failure(&self, args: &Args, exchange: &Exchange, failure: Failure, sys: &mut Sys) -> i32 {
        let (host, port) = (&exchange.url.host, exchange.url.port);
        let ms = (sys.now() - exchange.began).whole_millis();
        let (code, text) = match failure {
            Failure::NoHost => (6, format!("Could not resolve host: {host}")),
            Failure::Refused | Failure::Unreachable => (
                7,
                format!(
                    "Failed to connect to {host} port {port} after {ms} ms: Couldn't connect to server"
                ),
            ),
            Failure::NoConnection if args.has('m') || args.has('ε') => {
                (28, format!("Connection timed out after {} milliseconds", ms + 1))
            }
            Failure::NoConnection => (
                28,
                format!(
                    "Failed to connect to {host} port {port} after {ms} ms: Connection timed out"
                ),
            ),
            Failure::Late(bytes) => (
                28,
                format!(
                    "Operation timed out after {} milliseconds with {bytes} bytes received",
                    ms + 1
                ),
            ),
            Failure::Empty => (52, "Empty reply from server".to_owned()),
            Failure::Nonsense => (1, "Received HTTP/0.9 when not allowed".to_owned()),
            Failure::Partial(rest) => {
                (18, format!("transfer closed with {rest} bytes remaining to read"))
            }
        };
        self.fail(args, code, &text, sys)
    }

    /// What is done with an answer: a code, or a redirect to follow.
    fn answered(
        &mut self,
        args: &Args,
        exchange: &Exchange,
        answer: &Message,
        sys: &mut Sys,
    ) -> Result<i32, Url> {
        if args.has('v') {
            let head: String = answer.head().lines().map(|l| format!("< {l}\n")).collect();
            sys.eprint(&head);
            let host = &exchange.url.host;
            sys.eprint(&format!("* Connection #0 to host {host} left intact\n"));
        }
        let status = answer.status();
        let location = answer.header("location").filter(|_| (300..400).contains(&status));
        if let (true, Some(location)) = (args.has('L'), location)
            && let Some(url) = exchange.url.follow(location)
        {
            self.redirects += 1;
            if self.redirects > MAX_REDIRECTS {
                return Ok(self.fail(
                    args,
                    47,
                    &format!("Maximum ({MAX_REDIRECTS}) redirects followed"),
                    sys,
                ));
            }
            if args.has('I') || args.has('i') {
                sys.print(&answer.head());
            }
            return Err(url);
        }
        let mut code = 0;
        if status >= 400 && (args.has('f') || args.has('λ')) {
            code = self.fail(args, 22, &format!("The requested URL returned error: {status}"), sys);
        }
        let mut out = Vec::new();
        if args.has('i') || args.has('I') {
            out.extend(answer.head().bytes());
        }
        if !args.has('I') && (code == 0 || args.has('λ')) {
            out.extend(&answer.body);
        }
        if let Err(failed) = self.deliver(args, &exchange.url, &out, sys) {
            code = failed;
        }
        if let Some(format) = args.value('w') {
            let text = write_out(format, exchange, answer, sys);
            sys.print(&text);
        }
        Ok(code)
    }

    /// Writes the answer where it is wanted.
    fn deliver(&self, args: &Args, url: &Url, bytes: &[u8], sys: &mut Sys) -> Result<(), i32> {
        let remote = base_name(url.path.split('?').next().unwrap_or("")).to_owned();
        let file = match args.value('o') {
            Some("-") => None,
            Some(file) => Some(file.to_owned()),
            None if args.has('O') && (remote.is_empty() || remote == "/") => {
                let text = "Failed to extract a filename from the URL to use for storage!";
                sys.eprint(&format!(
                    "curl: {text}\ncurl: (23) Failed writing received data to disk/application\n"
                ));
                return Err(23);
            }
            None if args.has('O') => Some(remote),
            None => None,
        };
        let to_file = file.is_some() || sys.file_size(STDOUT).is_some();
        if to_file && !args.has('s') && !args.has('ι') {
            sys.eprint(&meter(bytes.len()));
        }
        match file {
            None => {
                let _ = sys.write(STDOUT, bytes);
                Ok(())
            }
            Some(file) => {
                if let Err(error) = sys.write_file(&file, bytes) {
                    if !args.has('s') || args.has('S') {
                        sys.eprint(&format!("Warning: Failed to open the file {file}: {error}\n"));
                    }
                    return Err(self.fail(args, 23, "Failure writing output to destination", sys));
                }
                Ok(())
            }
        }
    }

    /// A document that the application serves itself, instead of a process.
    fn document(&mut self, args: &Args, sys: &mut Sys) -> Option<i32> {
        let text = self.todo.last()?.clone();
        let body = sys.fetch(&text)?;
        let url = Url::parse(&text)?;
        let kind = if url.path.ends_with(".yaml") { "application/yaml" } else { "text/plain" };
        let answer = Message {
            first: "HTTP/1.1 200 OK".to_owned(),
            headers: vec![
                ("Content-Type".to_owned(), kind.to_owned()),
                ("Content-Length".to_owned(), body.len().to_string()),
            ],
            body,
        };
        let exchange = Exchange::new(url, &Message::default(), false, Limits::default(), sys);
        Some(self.answered(args, &exchange, &answer, sys).unwrap_or(0))
    }
}

const HINT: &str = "curl: try 'curl --help' or 'curl --manual' for more information\n";

fn unknown(option: &str, sys: &mut Sys) -> i32 {
    sys.eprint(&format!("curl: option {option}: is unknown\n{HINT}"));
    2
}

fn refuse(sys: &mut Sys, what: &str) -> i32 {
    sys.eprint(&format!("curl: {what} is not simulated\n"));
    2
}

fn help(sys: &mut Sys) -> i32 {
    sys.print(
        "Usage: curl [options...] <url>\n -d, --data <data>           HTTP POST data\n -f, --fail                  Fail fast with no output on HTTP errors\n \
         -h, --help <subject>        Get help for commands\n -o, --output <file>         Write to file instead of stdout\n \
         -O, --remote-name           Write output to file named as remote file\n -i, --show-headers          Show response headers in output\n \
         -I, --head                  Show document info only\n -L, --location              Follow redirects\n \
         -m, --max-time <seconds>    Maximum time allowed for transfer\n -s, --silent                Silent mode\n \
         -u, --user <user:password>  Server user and password\n -A, --user-agent <name>     Send User-Agent <name> to server\n \
         -v, --verbose               Make the operation more talkative\n -V, --version               Show version number and quit\n",
    );
    0
}

fn version(sys: &mut Sys) -> i32 {
    sys.print("curl 8.5.0 (simulated)\nProtocols: http\n");
    0
}

/// Characters that mean something in addresses as percent signs.
fn encode(text: &str) -> String {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (format!("{name}="), value),
        None => (String::new(), text),
    };
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-._~".contains(b);
    let coded: String = value
        .bytes()
        .map(|b| if plain(&b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect();
    format!("{}{coded}", if name == "=" { "" } else { &name })
}

fn meter(bytes: usize) -> String {
    let size = if bytes < 100_000 { bytes.to_string() } else { format!("{}k", bytes / 1024) };
    format!(
        "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n\
         \x20                                Dload  Upload   Total   Spent    Left  Speed\n\
         \r  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0\
         \r100 {size:>5}  100 {size:>5}    0     0  {size:>5}      0 --:--:-- --:--:-- --:--:-- {size:>5}\n"
    )
}

/// `-w` variables.
fn write_out(format: &str, exchange: &Exchange, answer: &Message, sys: &Sys) -> String {
    let took = (sys.now() - exchange.began).as_seconds_f64();
    let mut text = String::new();
    let mut rest = format;
    while let Some((before, after)) = rest.split_once("%{") {
        text.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            text.push_str("%{");
            rest = after;
            break;
        };
        match name {
            "http_code" | "response_code" => text.push_str(&format!("{:03}", answer.status())),
            "size_download" => text.push_str(&answer.body.len().to_string()),
            "remote_ip" => text.push_str(&exchange.address),
            "remote_port" => text.push_str(&exchange.url.port.to_string()),
            "content_type" => text.push_str(answer.header("content-type").unwrap_or("")),
            "redirect_url" => text.push_str(answer.header("location").unwrap_or("")),
            "url_effective" | "url" => {
                let url = &exchange.url;
                text.push_str(&format!("{}://{}{}", url.scheme, url.authority(), url.path));
            }
            "exitcode" => text.push('0'),
            name if name.starts_with("time_") => text.push_str(&format!("{took:.6}")),
            _ => {}
        }
        rest = after;
    }
    text.push_str(rest);
    unescape(&text)
}

impl Process for Curl {
    fn step(&mut self, sys: &mut Sys) -> Step {
        if self.plan.is_none() {
            match self.setup(sys) {
                Ok(args) => self.plan = Some(args),
                Err(code) => return Step::Done(code),
            }
        }
        let Some(args) = self.plan.clone() else { return Step::Done(2) };
        if self.now.is_none() {
            if let Some(code) = self.document(&args, sys) {
                self.code = code;
                self.todo.pop();
                return if self.todo.is_empty() { Step::Done(code) } else { Step::Yield };
            }
            match self.begin(&args, sys) {
                None => return Step::Done(self.code),
                Some(Ok(exchange)) => self.now = Some(exchange),
                Some(Err(code)) => {
                    self.code = code;
                    self.todo.pop();
                    return Step::Yield;
                }
            }
        }
        let Some(mut exchange) = self.now.take() else { return Step::Done(2) };
        match exchange.advance(sys) {
            Progress::Wait(wait) => {
                self.now = Some(exchange);
                Step::Wait(wait)
            }
            Progress::Connected => {
                self.now = Some(exchange);
                Step::Yield
            }
            Progress::Failed(failure) => {
                let tries: u32 = args.value('ζ').and_then(|n| n.parse().ok()).unwrap_or(0);
                let transient = !matches!(failure, Failure::Refused) || args.has('η');
                if self.tries < tries && transient {
                    // The waits double from one second on.
                    let wait = sys.after(Span::seconds(1 << self.tries.min(9)));
                    self.tries += 1;
                    return Step::Wait(Wait::until(wait));
                }
                if args.has('w') {
                    let text = write_out(
                        args.value('w').unwrap_or(""),
                        &exchange,
                        &Message::default(),
                        sys,
                    );
                    sys.print(&text);
                }
                self.code = self.failure(&args, &exchange, failure, sys);
                self.todo.pop();
                Step::Yield
            }
            Progress::Answer(answer) => match self.answered(&args, &exchange, &answer, sys) {
                Ok(code) => {
                    self.code = code;
                    self.todo.pop();
                    if self.todo.is_empty() { Step::Done(code) } else { Step::Yield }
                }
                Err(url) => {
                    self.now = Some(self.exchange(&args, url, sys));
                    Step::Yield
                }
            },
        }
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}
