//! The nginx web server: serves files, logs accesses, stops on SIGTERM and SIGQUIT.
//!
//! Simplified: of the configuration `listen`, `root`, `index`, and in a `location` also `return`, `alias` and
//! `autoindex` are read; the master is the only process.

use crate::base::sort::InOrder;
use crate::base::time::{Span, Time};
use crate::os::{Errno, FileKind, Process, Program, STDERR, STDOUT, Signal, Step, Sys};

use super::support::http::{Answer, Message, Site, reason, server};
use super::support::once::once;
use super::support::text::{join, read_text};

/// `nginx`.
pub(super) static NGINX: Program = Program {
    name: "nginx",
    start: |argv| match argv.get(1).map(String::as_str) {
        Some("-v" | "-V" | "-t" | "-T" | "-h" | "-?" | "-s") => once(argv, ask),
        _ => server(argv, Nginx { version: String::new(), blocks: Vec::new(), request: 0 }),
    },
};

/// The entry point of the official image: prepares the configuration and becomes its command.
pub(super) static ENTRYPOINT: Program =
    Program { name: "nginx-entrypoint", start: |argv| Box::new(Entrypoint(argv.to_vec())) };

#[derive(Clone)]
struct Entrypoint(Vec<String>);

const PREPARATIONS: &str = "/docker-entrypoint.sh: /docker-entrypoint.d/ is not empty, will attempt to perform configuration
/docker-entrypoint.sh: Looking for shell scripts in /docker-entrypoint.d/
/docker-entrypoint.sh: Launching /docker-entrypoint.d/10-listen-on-ipv6-by-default.sh
10-listen-on-ipv6-by-default.sh: info: Getting the checksum of /etc/nginx/conf.d/default.conf
10-listen-on-ipv6-by-default.sh: info: Enabled listen on IPv6 in /etc/nginx/conf.d/default.conf
/docker-entrypoint.sh: Sourcing /docker-entrypoint.d/15-local-resolvers.envsh
/docker-entrypoint.sh: Launching /docker-entrypoint.d/20-envsubst-on-templates.sh
/docker-entrypoint.sh: Launching /docker-entrypoint.d/30-tune-worker-processes.sh
/docker-entrypoint.sh: Configuration complete; ready for start up
";

impl Process for Entrypoint {
    fn step(&mut self, sys: &mut Sys) -> Step {
        let command = self.0[1..].to_vec();
        if command.first().is_some_and(|c| c == "nginx" || c == "nginx-debug") {
            sys.print(PREPARATIONS);
        }
        if command.is_empty() {
            return Step::Done(0);
        }
        match sys.exec(command) {
            Ok(()) => Step::Yield,
            Err(error) => {
                let name = &self.0[1];
                sys.eprint(&format!("/docker-entrypoint.sh: 47: exec: {name}: {error}\n"));
                Step::Done(127)
            }
        }
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}

/// Longest chain of `include`.
const MAX_INCLUDES: usize = 64;

#[derive(Clone)]
struct Nginx {
    version: String,
    blocks: Vec<Block>,
    /// Number of connections so far, for the error log.
    request: u64,
}

/// A `server { … }`.
#[derive(Clone, Debug, Default)]
struct Block {
    ports: Vec<u16>,
    name: String,
    place: Place,
    locations: Vec<(String, Place)>,
}

/// What is said about a place: the server as a whole, or a location.
#[derive(Clone, Debug, Default)]
struct Place {
    root: Option<String>,
    alias: Option<String>,
    index: Vec<String>,
    autoindex: bool,
    answer: Option<(u16, String)>,
    proxy: bool,
}

/// The version that the image's environment names; the tutorials' small image has an old one.
fn version(sys: &Sys) -> String {
    sys.env().get("NGINX_VERSION").cloned().unwrap_or_else(|| "1.11.1".to_owned())
}

/// `nginx -v`, `-t`, `-s SIGNAL`.
fn ask(argv: &[String], sys: &mut Sys) -> i32 {
    match argv.get(1).map(String::as_str) {
        Some("-t" | "-T") => match configuration(sys) {
            Ok(_) => {
                sys.eprint(
                    "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n\
                     nginx: configuration file /etc/nginx/nginx.conf test is successful\n",
                );
                0
            }
            Err(text) => {
                sys.eprint(&format!(
                    "nginx: [emerg] {text}\nnginx: configuration file /etc/nginx/nginx.conf test failed\n"
                ));
                1
            }
        },
        Some("-s") => {
            let signal = match argv.get(2).map(String::as_str) {
                Some("stop") => Signal::Term,
                Some("quit") => Signal::Quit,
                Some("reload") => Signal::Hup,
                Some("reopen") => Signal::Usr1,
                other => {
                    let name = other.unwrap_or("");
                    sys.eprint(&format!("nginx: invalid option: \"-s {name}\"\n"));
                    return 1;
                }
            };
            let running = sys.processes().into_iter().find(|p| is_master(&p.argv));
            match running.map(|p| sys.kill(p.pid, signal)) {
                Some(Ok(())) => 0,
                _ => {
                    sys.eprint("nginx: [error] invalid PID number \"\" in \"/run/nginx.pid\"\n");
                    1
                }
            }
        }
        _ => {
            let version = version(sys);
            sys.eprint(&format!("nginx version: nginx/{version}\n"));
            0
        }
    }
}

fn is_master(argv: &[String]) -> bool {
    argv.first().is_some_and(|a| a.ends_with("nginx")) && argv.get(1).is_none_or(|a| a != "-s")
}

impl Site for Nginx {
    fn start(&mut self, _: &[String], sys: &mut Sys) -> Result<Vec<u16>, i32> {
        self.version = version(sys);
        match configuration(sys) {
            Ok(blocks) => self.blocks = blocks,
            Err(text) => {
                emerg(sys, &text);
                return Err(1);
            }
        }
        self.greet(sys);
        let mut ports: Vec<u16> = self.blocks.iter().flat_map(|b| b.ports.clone()).collect();
        ports.order();
        ports.dedup();
        Ok(ports)
    }

    fn port_taken(&mut self, port: u16, _: Errno, sys: &mut Sys) -> i32 {
        let text = format!("bind() to 0.0.0.0:{port} failed (98: Address already in use)");
        emerg(sys, &text);
        1
    }

    fn answer(&mut self, request: &Message, peer: &str, sys: &mut Sys) -> Answer {
        self.request += 1;
        let answer = self.respond(request, peer, sys);
        let date = sys.now().format("%d/%b/%Y:%H:%M:%S +0000");
        let header = |name: &str| request.header(name).unwrap_or("-").to_owned();
        let size = if request.word(0) == "HEAD" { 0 } else { answer.body.len() };
        let line = format!(
            "{peer} - - [{date}] \"{}\" {} {size} \"{}\" \"{}\" \"{}\"\n",
            request.first,
            answer.status,
            header("referer"),
            header("user-agent"),
            header("x-forwarded-for"),
        );
        let _ = sys.write(STDOUT, line.as_bytes());
        answer
    }

    fn server_header(&self) -> Option<String> {
        Some(format!("nginx/{}", self.version))
    }

    fn stop(&mut self, signal: Signal, sys: &mut Sys) -> Option<Span> {
        let name = signal.name();
        match signal {
            Signal::Term | Signal::Int | Signal::Quit => {
                if !is_slim(sys) {
                    let how =
                        if signal == Signal::Quit { "gracefully shutting down" } else { "exiting" };
                    notice(sys, &format!("signal {} (SIG{name}) received, {how}", signal as i32));
                }
                let wait = sys.rng("nginx-stop", 0).range(170, 370);
                Some(Span::millis(wait))
            }
            Signal::Hup => {
                if let Ok(blocks) = configuration(sys) {
                    self.blocks = blocks;
                }
                notice(sys, "signal 1 (SIGHUP) received, reconfiguring");
                // It goes on with its listeners; ports that are new in the configuration are not opened.
                None
            }
            _ => None,
        }
    }
}

/// The small image of the tutorials logs accesses only.
fn is_slim(sys: &Sys) -> bool {
    sys.env().get("NGINX_VERSION").is_none()
}

fn stamp(now: Time) -> String {
    now.format("%Y/%m/%d %H:%M:%S")
}

fn notice(sys: &mut Sys, text: &str) {
    let pid = sys.shown_pid();
    let line = format!("{} [notice] {pid}#{pid}: {text}\n", stamp(sys.now()));
    let _ = sys.write(STDERR, line.as_bytes());
}

fn emerg(sys: &mut Sys, text: &str) {
    let pid = sys.shown_pid();
    let line = format!("{} [emerg] {pid}#{pid}: {text}\nnginx: [emerg] {text}\n", stamp(sys.now()));
    let _ = sys.write(STDERR, line.as_bytes());
}

impl Nginx {
    /// What the container's log begins with.
    fn greet(&self, sys: &mut Sys) {
        if is_slim(sys) {
            return;
        }
        notice(sys, "using the \"epoll\" event method");
        notice(sys, &format!("nginx/{}", self.version));
        notice(sys, "built by gcc 12.2.0 (Debian 12.2.0-14+deb12u1)");
        notice(sys, "OS: Linux 6.8.0-generic");
        notice(sys, "getrlimit(RLIMIT_NOFILE): 1048576:1048576");
        notice(sys, "start worker processes");
    }

    fn page(&self, status: u16) -> Answer {
        let title = format!("{status} {}", reason_of_page(status));
        let body = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
             <hr><center>nginx/{}</center>\r\n</body>\r\n</html>\r\n",
            self.version
        );
        let headers = vec![("Content-Type".to_owned(), "text/html".to_owned())];
        Answer { status, headers, body: body.into_bytes() }
    }

    /// The server block that a request belongs to.
    fn block(&self, request: &Message) -> Option<&Block> {
        let host = request.header("host").unwrap_or("");
        let (name, port) = host.rsplit_once(':').unwrap_or((host, ""));
        let port = port.parse::<u16>().ok();
        let fits = |b: &&Block| port.is_none_or(|p| b.ports.contains(&p));
        let named = |b: &&Block| b.name.split(' ').any(|n| n == name);
        self.blocks
            .iter()
            .find(|b| fits(b) && named(b))
            .or_else(|| self.blocks.iter().find(fits))
            .or_else(|| self.blocks.first())
    }

    fn respond(&self, request: &Message, peer: &str, sys: &mut Sys) -> Answer {
        let (method, target) = (request.word(0), request.word(1));
        if !target.starts_with('/') {
            return self.page(400);
        }
        let uri = clean(&decode(target.split(['?', '#']).next().unwrap_or("/")));
        let Some(block) = self.block(request).cloned() else { return self.page(404) };
        let place = block.place_of(&uri);
        if let Some((status, text)) = place.answer {
            return self.fixed(status, text);
        }
        if place.proxy {
            self.log_error(sys, "proxy_pass is not simulated", request, peer);
            return self.page(502);
        }
        if !matches!(method, "GET" | "HEAD") {
            return self.page(405);
        }
        let path = place.file(&uri);
        match sys.stat(&path, true) {
            Ok(stat) if stat.kind == FileKind::Directory => {
                self.directory(&place, &path, &uri, request, peer, sys)
            }
            Ok(_) => self.file(&path, request, peer, sys),
            Err(error) => self.failure(&path, error, request, peer, sys),
        }
    }

    fn fixed(&self, status: u16, text: String) -> Answer {
        if (300..400).contains(&status) {
            let mut answer = self.page(status);
            answer.headers.push(("Location".to_owned(), text));
            return answer;
        }
        if text.is_empty() && status >= 400 {
            return self.page(status);
        }
        let headers = vec![("Content-Type".to_owned(), "text/plain".to_owned())];
        Answer { status, headers, body: text.into_bytes() }
    }

    fn directory(
        &self,
        place: &Place,
        path: &str,
        uri: &str,
        request: &Message,
        peer: &str,
        sys: &mut Sys,
    ) -> Answer {
        if !uri.ends_with('/') {
            let mut answer = self.page(301);
            let host = request.header("host").unwrap_or("localhost");
            answer.headers.push(("Location".to_owned(), format!("http://{host}{uri}/")));
            return answer;
        }
        for index in &place.index {
            let file = join(path, index);
            if sys.stat(&file, true).is_ok() {
                return self.file(&file, request, peer, sys);
            }
        }
        if place.autoindex {
            return listing(path, uri, sys);
        }
        let shown = if path.ends_with('/') { path.to_owned() } else { format!("{path}/") };
        let text = format!("directory index of \"{shown}\" is forbidden");
        self.log_error(sys, &text, request, peer);
        self.page(403)
    }

    fn file(&self, path: &str, request: &Message, peer: &str, sys: &mut Sys) -> Answer {
        let (body, stat) = match (sys.read_file(path), sys.stat(path, true)) {
            (Ok(body), Ok(stat)) => (body, stat),
            (Err(error), _) | (_, Err(error)) => {
                return self.failure(path, error, request, peer, sys);
            }
        };
        let modified = stat.modified.format("%a, %d %b %Y %H:%M:%S GMT");
        let tag = format!("\"{:x}-{:x}\"", stat.modified.unix_s(), body.len());
        let header = |name: &str, value: String| (name.to_owned(), value);
        let unchanged = request.header("if-none-match") == Some(tag.as_str());
        let mut headers = vec![header("Last-Modified", modified), header("ETag", tag)];
        if unchanged {
            return Answer { status: 304, headers, body: Vec::new() };
        }
        headers.push(header("Content-Type", media_type(path).to_owned()));
        headers.push(header("Accept-Ranges", "bytes".to_owned()));
        Answer { status: 200, headers, body }
    }

    fn failure(
        &self,
        path: &str,
        error: Errno,
        request: &Message,
        peer: &str,
        sys: &mut Sys,
    ) -> Answer {
        let (number, status) = match error {
            Errno::Access => (13, 403),
            Errno::NotDirectory => (20, 404),
            _ => (2, 404),
        };
        let text = format!("open() \"{path}\" failed ({number}: {error})");
        self.log_error(sys, &text, request, peer);
        self.page(status)
    }

    fn log_error(&self, sys: &mut Sys, text: &str, request: &Message, peer: &str) {
        let pid = sys.shown_pid();
        let host = request.header("host").unwrap_or("");
        let line = format!(
            "{} [error] {pid}#{pid}: *{} {text}, client: {peer}, server: localhost, request: \"{}\", host: \"{host}\"\n",
            stamp(sys.now()),
            self.request,
            request.first,
        );
        let _ = sys.write(STDERR, line.as_bytes());
    }
}

/// The page's words differ from the status line's here.
fn reason_of_page(status: u16) -> &'static str {
    match status {
        302 => "Found",
        other => reason(other),
    }
}

impl Block {
    /// What holds for a path: the longest prefix wins, an exact location before it.
    fn place_of(&self, uri: &str) -> Place {
        let exact = self.locations.iter().find(|(path, _)| path.strip_prefix('=') == Some(uri));
        let longest = || {
            self.locations
                .iter()
                .filter(|(path, _)| uri.starts_with(path.as_str()))
                .max_by_key(|(path, _)| path.len())
        };
        let Some((path, place)) = exact.or_else(longest) else { return self.place.clone() };
        let mut place = place.clone();
        if let Some(alias) = place.alias.take() {
            // The prefix is replaced; the walk below appends the whole path to the root.
            place.alias = Some(format!("{path}\0{alias}"));
        }
        place.root = place.root.or_else(|| self.place.root.clone());
        if place.index.is_empty() {
            place.index.clone_from(&self.place.index);
        }
        place
    }
}

impl Place {
    fn file(&self, uri: &str) -> String {
        if let Some((prefix, alias)) = self.alias.as_ref().and_then(|a| a.split_once('\0')) {
            return format!("{alias}{}", uri.strip_prefix(prefix).unwrap_or(uri));
        }
        let root = self.root.as_deref().unwrap_or("/etc/nginx/html");
        format!("{}{uri}", root.trim_end_matches('/'))
    }
}

fn listing(path: &str, uri: &str, sys: &mut Sys) -> Answer {
    let mut rows = String::new();
    for (name, kind) in sys.read_dir(path).unwrap_or_default() {
        let name = if kind == FileKind::Directory { format!("{name}/") } else { name };
        rows.push_str(&format!("<a href=\"{name}\">{name}</a>\r\n"));
    }
    let body = format!(
        "<html>\r\n<head><title>Index of {uri}</title></head>\r\n<body>\r\n<h1>Index of {uri}</h1><hr><pre>\
         <a href=\"../\">../</a>\r\n{rows}</pre><hr></body>\r\n</html>\r\n"
    );
    let headers = vec![("Content-Type".to_owned(), "text/html".to_owned())];
    Answer { status: 200, headers, body: body.into_bytes() }
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" | "htm" => "text/html",
        "txt" => "text/plain",
        "css" => "text/css",
        "js" => "application/javascript",
        "json" => "application/json",
        "xml" => "text/xml",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

/// Percent signs decoded.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut result = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|h| std::str::from_utf8(h).ok());
        match hex.filter(|_| bytes[at] == b'%').and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(byte) => {
                result.push(byte);
                at += 3;
            }
            None => {
                result.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&result).into_owned()
}

/// A path without `.` and `..`, keeping a slash at its end.
fn clean(path: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop();
            }
            name => names.push(name),
        }
    }
    let end = if path.ends_with('/') && !names.is_empty() { "/" } else { "" };
    format!("/{}{end}", names.join("/"))
}

// --- the configuration ---

/// A directive: words, and what stands in its braces.
#[derive(Clone, Debug)]
struct Directive {
    words: Vec<String>,
    inner: Option<Vec<Directive>>,
}

/// The servers that the configuration files describe.
fn configuration(sys: &Sys) -> Result<Vec<Block>, String> {
    let path = "/etc/nginx/nginx.conf";
    let text = read_text(sys, path).map_err(|e| format!("open() \"{path}\" failed (2: {e})"))?;
    let mut budget = MAX_INCLUDES;
    let directives = parse(&text, path)?;
    let directives = include(directives, sys, &mut budget)?;
    let mut blocks = Vec::new();
    for http in directives.iter().filter(|d| d.is("http")) {
        for server in http.inner.iter().flatten().filter(|d| d.is("server")) {
            blocks.push(block(server));
        }
    }
    Ok(blocks)
}

impl Directive {
    fn is(&self, name: &str) -> bool {
        self.words.first().is_some_and(|w| w == name)
    }
}

/// Replaces `include` by what it names.
fn include(
    directives: Vec<Directive>,
    sys: &Sys,
    budget: &mut usize,
) -> Result<Vec<Directive>, String> {
    let mut result = Vec::new();
    for mut directive in directives {
        if directive.is("include") {
            let pattern = directive.words.get(1).cloned().unwrap_or_default();
            for file in files(&pattern, sys) {
                *budget = budget.checked_sub(1).ok_or("too many included files")?;
                let text = read_text(sys, &file).unwrap_or_default();
                result.extend(include(parse(&text, &file)?, sys, budget)?);
            }
            continue;
        }
        if let Some(inner) = directive.inner.take() {
            directive.inner = Some(include(inner, sys, budget)?);
        }
        result.push(directive);
    }
    Ok(result)
}

/// The files that a path, perhaps with one `*` in its last part, names.
fn files(pattern: &str, sys: &Sys) -> Vec<String> {
    let pattern =
        if pattern.starts_with('/') { pattern.to_owned() } else { join("/etc/nginx", pattern) };
    let Some((dir, last)) = pattern.rsplit_once('/') else { return Vec::new() };
    let Some((start, end)) = last.split_once('*') else { return vec![pattern.clone()] };
    let names = sys.read_dir(dir).unwrap_or_default().into_iter().map(|(name, _)| name);
    let fits = |n: &String| n.len() >= last.len() - 1 && n.starts_with(start) && n.ends_with(end);
    names.filter(fits).map(|name| join(dir, &name)).collect()
}

fn block(server: &Directive) -> Block {
    let mut block = Block::default();
    for directive in server.inner.iter().flatten() {
        match directive.words.first().map_or("", String::as_str) {
            "listen" => {
                let port = directive.words.get(1).and_then(|w| w.rsplit(':').next());
                block.ports.extend(port.and_then(|p| p.parse::<u16>().ok()));
            }
            "server_name" => block.name = directive.words[1..].join(" "),
            "location" => {
                let path = match directive.words.get(1).map(String::as_str) {
                    Some("=") => format!("={}", directive.words.get(2).map_or("", String::as_str)),
                    Some("^~") => directive.words.get(2).cloned().unwrap_or_default(),
                    Some(path) => path.to_owned(),
                    None => continue,
                };
                let mut place = Place::default();
                for directive in directive.inner.iter().flatten() {
                    place.take(directive);
                }
                block.locations.push((path, place));
            }
            _ => block.place.take(directive),
        }
    }
    if block.ports.is_empty() {
        block.ports.push(80);
    }
    if block.place.index.is_empty() {
        block.place.index.push("index.html".to_owned());
    }
    block
}

impl Place {
    fn take(&mut self, directive: &Directive) {
        let word = |n: usize| directive.words.get(n).cloned();
        match directive.words.first().map_or("", String::as_str) {
            "root" => self.root = word(1),
            "alias" => self.alias = word(1),
            "index" => self.index = directive.words[1..].to_vec(),
            "autoindex" => self.autoindex = word(1).as_deref() == Some("on"),
            "proxy_pass" => self.proxy = true,
            "return" => {
                let first = word(1).unwrap_or_default();
                self.answer = Some(match first.parse() {
                    Ok(status) => (status, word(2).unwrap_or_default()),
                    Err(_) => (302, first),
                });
            }
            _ => {}
        }
    }
}

/// Reads a configuration file.
fn parse(text: &str, file: &str) -> Result<Vec<Directive>, String> {
    let mut open: Vec<(Vec<String>, Vec<Directive>)> = Vec::new();
    let mut done: Vec<Directive> = Vec::new();
    let mut words: Vec<String> = Vec::new();
    let mut line = 1;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' => line += 1,
            c if c.is_whitespace() => {}
            '#' => {
                while chars.peek().is_some_and(|c| *c != '\n') {
                    chars.next();
                }
            }
            ';' => {
                if words.is_empty() {
                    return Err(format!("unexpected \";\" in {file}:{line}"));
                }
                done.push(Directive { words: std::mem::take(&mut words), inner: None });
            }
            '{' => {
                if words.is_empty() || open.len() > 20 {
                    return Err(format!("unexpected \"{{\" in {file}:{line}"));
                }
                open.push((std::mem::take(&mut words), std::mem::take(&mut done)));
            }
            '}' => {
                if let Some(word) = words.first() {
                    let text = format!("directive \"{word}\" is not terminated by \";\"");
                    return Err(format!("{text} in {file}:{line}"));
                }
                let (words, outer) =
                    open.pop().ok_or_else(|| format!("unexpected \"}}\" in {file}:{line}"))?;
                let inner = std::mem::replace(&mut done, outer);
                done.push(Directive { words, inner: Some(inner) });
            }
            quote @ ('"' | '\'') => {
                let mut word = String::new();
                for c in chars.by_ref() {
                    match c {
                        c if c == quote => break,
                        c => word.push(c),
                    }
                }
                words.push(word.replace("\\n", "\n"));
            }
            c => {
                let mut word = String::from(c);
                while let Some(c) = chars.peek().copied() {
                    if c.is_whitespace() || matches!(c, ';' | '{' | '}') {
                        break;
                    }
                    word.push(c);
                    chars.next();
                }
                words.push(word);
            }
        }
    }
    if open.is_empty() && words.is_empty() {
        return Ok(done);
    }
    Err(format!("unexpected end of file, expecting \";\" or \"}}\" in {file}:{line}"))
}
