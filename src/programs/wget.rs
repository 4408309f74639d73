//! `wget`: fetches a document over HTTP.
//! Upstream words: busybox 1.36, networking/wget.c; GNU wget 1.21.

use crate::base::time::Span;
use crate::os::{Process, Program, STDOUT, Step, Sys, Wait};

use super::support::args::{Args, Tool};
use super::support::client::{Exchange, Failure, Limits, Progress};
use super::support::http::{Message, Url};
use super::support::text::{base_name, is_busybox, seconds};

/// `wget`.
pub(super) static WGET: Program = Program {
    name: "wget",
    start: |argv| {
        Box::new(Wget {
            argv: argv.to_vec(),
            plan: None,
            url: None,
            now: None,
            redirects: 0,
            tries: 0,
        })
    },
};

const TOOL: Tool = Tool {
    name: "wget",
    usage: "[-cqS] [--spider] [-O FILE] [-T SEC] [-t TRIES] [--header STR] [--post-data STR] [-U AGENT] URL...",
    options: "cqSO:T:t:U:P:nvbαβ:γ:δ",
    long: &[
        ("quiet", 'q'),
        ("server-response", 'S'),
        ("output-document", 'O'),
        ("timeout", 'T'),
        ("tries", 't'),
        ("user-agent", 'U'),
        ("directory-prefix", 'P'),
        ("no-verbose", 'n'),
        ("spider", 'α'),
        ("header", 'β'),
        ("post-data", 'γ'),
        ("no-check-certificate", 'δ'),
    ],
    trouble: 2,
};

#[derive(Clone)]
struct Wget {
    argv: Vec<String>,
    plan: Option<Args>,
    url: Option<Url>,
    now: Option<Exchange>,
    redirects: u32,
    tries: u32,
}

impl Wget {
    fn setup(&mut self, sys: &mut Sys) -> Result<Args, i32> {
        // GNU's `-nv` and busybox's `-qO-` are read alike.
        let args = TOOL.parse(&self.argv, sys)?;
        let Some(text) = args.operands.first() else {
            let text = if is_busybox(sys) {
                format!("Usage: wget {}\n", TOOL.usage)
            } else {
                "wget: missing URL\nUsage: wget [OPTION]... [URL]...\n\nTry `wget --help' for more options.\n".to_owned()
            };
            sys.eprint(&text);
            return Err(1);
        };
        match Url::parse(text) {
            Some(url) => self.url = Some(url),
            None => {
                let text = if is_busybox(sys) {
                    format!("wget: bad address '{text}'\n")
                } else {
                    format!("{text}: Invalid host name.\n")
                };
                sys.eprint(&text);
                return Err(1);
            }
        }
        Ok(args)
    }

    fn begin(&self, args: &Args, url: Url, sys: &mut Sys) -> Exchange {
        let body = args.value('γ').unwrap_or("").as_bytes().to_vec();
        let method = if args.has('γ') {
            "POST"
        } else if args.has('α') {
            "HEAD"
        } else {
            "GET"
        };
        let agent = if is_busybox(sys) { "Wget" } else { "Wget/1.21.4" };
        let mut headers = vec![
            ("Host".to_owned(), url.authority()),
            ("User-Agent".to_owned(), args.value('U').unwrap_or(agent).to_owned()),
            ("Accept".to_owned(), "*/*".to_owned()),
            ("Connection".to_owned(), "close".to_owned()),
        ];
        let own = args.values('β').filter_map(|h| h.split_once(':'));
        headers.extend(own.map(|(n, v)| (n.trim().to_owned(), v.trim().to_owned())));
        if !body.is_empty() {
            headers.push(("Content-Length".to_owned(), body.len().to_string()));
        }
        let request = Message { first: format!("{method} {} HTTP/1.1", url.path), headers, body };
        let limit = args.value('T').and_then(seconds).filter(|s| *s > 0.0).map(Span::seconds_f64);
        let limits = Limits { connect: limit, whole: limit };
        Exchange::new(url, &request, method == "HEAD", limits, sys)
    }

    /// What is said once the address is known.
    fn connecting(&self, args: &Args, exchange: &Exchange, sys: &mut Sys) {
        if args.has('q') {
            return;
        }
        let (host, port, address) = (&exchange.url.host, exchange.url.port, &exchange.address);
        let text = if is_busybox(sys) {
            format!("Connecting to {host} ({address}:{port})\n")
        } else {
            let url = &exchange.url;
            format!(
                "--{}--  {}://{}{}\nResolving {host} ({host})... {address}\nConnecting to {host} ({host})|{address}|:{port}... connected.\n\
                 HTTP request sent, awaiting response... ",
                sys.now().format("%Y-%m-%d %H:%M:%S"),
                url.scheme,
                url.authority(),
                url.path,
            )
        };
        sys.eprint(&text);
    }

    fn failed(&self, args: &Args, exchange: &Exchange, failure: Failure, sys: &mut Sys) -> i32 {
        let (host, address) = (&exchange.url.host, &exchange.address);
        if is_busybox(sys) {
            if !address.is_empty() && !matches!(failure, Failure::Late(_)) {
                self.connecting(args, exchange, sys);
            }
            let text = match failure {
                Failure::NoHost => format!("bad address '{host}'"),
                Failure::Refused => {
                    format!("can't connect to remote host ({address}): Connection refused")
                }
                Failure::Unreachable => {
                    format!("can't connect to remote host ({address}): No route to host")
                }
                Failure::NoConnection if args.has('T') => "download timed out".to_owned(),
                Failure::NoConnection => {
                    format!("can't connect to remote host ({address}): Connection timed out")
                }
                Failure::Late(_) => "download timed out".to_owned(),
                Failure::Partial(_) => "connection closed prematurely".to_owned(),
                Failure::Empty | Failure::Nonsense => "error getting response".to_owned(),
            };
            sys.eprint(&format!("wget: {text}\n"));
            return 1;
        }
        let text = match failure {
            Failure::NoHost => format!("wget: unable to resolve host address ‘{host}’\n"),
            Failure::Refused => "failed: Connection refused.\n".to_owned(),
            Failure::Unreachable => "failed: No route to host.\n".to_owned(),
            Failure::NoConnection => "failed: Connection timed out.\n".to_owned(),
            Failure::Late(_) => "Read error (Connection timed out) in headers.\n".to_owned(),
            Failure::Empty | Failure::Nonsense | Failure::Partial(_) => {
                "No data received.\n".to_owned()
            }
        };
        if !args.has('q') {
            if !address.is_empty() && !matches!(failure, Failure::Late(_)) {
                let port = exchange.url.port;
                sys.eprint(&format!("Connecting to {host} ({host})|{address}|:{port}... "));
            }
            sys.eprint(&text);
        }
        4
    }

    fn answered(
        &mut self,
        args: &Args,
        exchange: &Exchange,
        answer: &Message,
        sys: &mut Sys,
    ) -> Result<i32, Url> {
        let busybox = is_busybox(sys);
        let (status, quiet) = (answer.status(), args.has('q'));
        if args.has('S') {
            let head: String = answer
                .head()
                .lines()
                .filter(|l| !l.is_empty())
                .map(|l| format!("  {l}\n"))
                .collect();
            sys.eprint(&head);
        } else if !quiet && !busybox {
            let words = answer.first.split_once(' ').map_or("", |(_, rest)| rest);
            sys.eprint(&format!("{words}\n"));
        }
        if let Some(location) = answer.header("location").filter(|_| (300..400).contains(&status))
            && let Some(url) = exchange.url.follow(location)
            && self.redirects < 20
        {
            self.redirects += 1;
            return Err(url);
        }
        if status >= 400 {
            let text = if busybox {
                format!("wget: server returned error: {}\n", answer.first)
            } else {
                let words = answer.first.splitn(3, ' ').nth(2).unwrap_or("");
                format!("{} ERROR {status}: {words}.\n\n", sys.now().format("%Y-%m-%d %H:%M:%S"))
            };
            if busybox || !quiet {
                sys.eprint(&text);
            }
            return Ok(if busybox { 1 } else { 8 });
        }
        if args.has('α') {
            if !quiet {
                let text = if busybox { "remote file exists\n" } else { "Remote file exists.\n\n" };
                sys.eprint(text);
            }
            return Ok(0);
        }
        Ok(self.save(args, exchange, answer, sys))
    }

    fn save(&self, args: &Args, exchange: &Exchange, answer: &Message, sys: &mut Sys) -> i32 {
        let path = exchange.url.path.split('?').next().unwrap_or("");
        let remote = base_name(path);
        let remote = if path.ends_with('/') || remote.is_empty() { "index.html" } else { remote };
        let file = match (args.value('O'), args.value('P')) {
            (Some(file), _) => file.to_owned(),
            (None, Some(dir)) => format!("{dir}/{remote}"),
            (None, None) => remote.to_owned(),
        };
        let size = answer.body.len();
        let busybox = is_busybox(sys);
        let bar = |name: &str| {
            format!("{name:<20} 100% |********************************|{size:>6}  0:00:00 ETA\n")
        };
        if file == "-" {
            let _ = sys.write(STDOUT, &answer.body);
            if !args.has('q') && busybox {
                sys.eprint(&format!("writing to stdout\n{}written to stdout\n", bar("-")));
            }
            return 0;
        }
        if busybox && args.value('O').is_none() && sys.stat(&file, true).is_ok() {
            sys.eprint(&format!("wget: can't open '{file}': File exists\n"));
            return 1;
        }
        if let Err(error) = sys.write_file(&file, &answer.body) {
            sys.eprint(&format!("wget: can't open '{file}': {error}\n"));
            return 1;
        }
        if args.has('q') {
            return 0;
        }
        let text = if busybox {
            format!("saving to '{file}'\n{}'{file}' saved\n", bar(&file))
        } else {
            let kind = answer.header("content-type").unwrap_or("text/html");
            let kind = kind.split(';').next().unwrap_or("");
            format!(
                "Length: {size} [{kind}]\nSaving to: ‘{file}’\n\n{file:<20}100%[===================>] {size:>7}  --.-KB/s    in 0s      \n\n\
                 {} (100 MB/s) - ‘{file}’ saved [{size}/{size}]\n\n",
                sys.now().format("%Y-%m-%d %H:%M:%S")
            )
        };
        sys.eprint(&text);
        0
    }
}

impl Process for Wget {
    fn step(&mut self, sys: &mut Sys) -> Step {
        if self.plan.is_none() {
            match self.setup(sys) {
                Ok(args) => self.plan = Some(args),
                Err(code) => return Step::Done(code),
            }
        }
        let Some(args) = self.plan.clone() else { return Step::Done(1) };
        let Some(url) = self.url.clone() else { return Step::Done(1) };
        let mut exchange = match self.now.take() {
            Some(exchange) => exchange,
            None => {
                let text = args.operands.first().cloned().unwrap_or_default();
                if let Some(body) = sys.fetch(&text) {
                    let exchange = self.begin(&args, url, sys);
                    let answer =
                        Message { first: "HTTP/1.1 200 OK".to_owned(), headers: Vec::new(), body };
                    return Step::Done(self.save(&args, &exchange, &answer, sys));
                }
                self.begin(&args, url, sys)
            }
        };
        match exchange.advance(sys) {
            Progress::Wait(wait) => {
                self.now = Some(exchange);
                Step::Wait(wait)
            }
            Progress::Connected => {
                self.connecting(&args, &exchange, sys);
                self.now = Some(exchange);
                Step::Yield
            }
            Progress::Failed(failure) => {
                let most: u32 = args.value('t').and_then(|t| t.parse().ok()).unwrap_or(1);
                self.tries += 1;
                if self.tries < most && failure != Failure::NoHost {
                    return Step::Wait(Wait::until(sys.after(Span::seconds(1))));
                }
                Step::Done(self.failed(&args, &exchange, failure, sys))
            }
            Progress::Answer(answer) => match self.answered(&args, &exchange, &answer, sys) {
                Ok(code) => Step::Done(code),
                Err(url) => {
                    self.url = Some(url);
                    Step::Yield
                }
            },
        }
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}
