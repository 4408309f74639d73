//! Scratch harness.
use std::collections::BTreeMap;
use tabernetes::base::time::Span;
use tabernetes::os::kernel::{StartSpec, Stdio};
use tabernetes::os::Signal;
use tabernetes::world::{learner, Limit, Options, World};

fn split(s: &str) -> Vec<String> {
    let mut out = vec![];
    let mut cur = String::new();
    let mut q = None;
    let mut any = false;
    for c in s.chars() {
        match q {
            Some(x) if c == x => q = None,
            Some(_) => cur.push(c),
            None if c == '\'' || c == '"' => { q = Some(c); any = true; }
            None if c == ' ' => { if any || !cur.is_empty() { out.push(std::mem::take(&mut cur)); any = false; } }
            None => cur.push(c),
        }
    }
    if any || !cur.is_empty() { out.push(cur); }
    out
}

struct M { w: World, exits: BTreeMap<u32, i32> }
impl M {
    fn start(&mut self, cmd: &str) -> Option<u32> {
        let mut argv = split(cmd);
        if argv[0].contains('=') { argv.remove(0); }
        let spec = StartSpec { argv, stdio: Stdio::Collect, ..learner() };
        let r = self.w.kernel.start(self.w.laptop, spec);
        self.w.settle();
        match r { Ok(p) => Some(p), Err(e) => { println!("!! {e}"); None } }
    }
    fn run(&mut self, cmd: &str) -> (String, i32) {
        let Some(pid) = self.start(cmd) else { return (String::new(), 127) };
        let limit = self.w.now() + Span::seconds(120);
        while !self.exits.contains_key(&pid) {
            let Some(n) = self.w.next_event().filter(|n| *n <= limit) else { break };
            self.w.run(Limit { until: n, events: 1 });
            self.exits.extend(self.w.take_exits());
        }
        let code = self.exits.remove(&pid).unwrap_or(124);
        (self.w.kernel.output_of(pid), code)
    }
}

fn main() {
    let a: Vec<String> = std::env::args().collect();
    let dir = &a[2];
    let mut m = M { w: tabernetes::catalog::world(&Options::recorded(1)), exits: BTreeMap::new() };
    for e in std::fs::read_dir(dir).unwrap() {
        let e = e.unwrap();
        if let Ok(t) = std::fs::read_to_string(e.path()) {
            m.w.write_learner_file(&e.file_name().to_string_lossy(), &t);
        }
    }
    let mut watches: BTreeMap<String, (u32, String)> = BTreeMap::new();
    let text = std::fs::read_to_string(&a[1]).unwrap();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("@watch ") {
            let (n, cmd) = rest.split_once(' ').unwrap();
            println!("# watch-{n} starts: {cmd}");
            if let Some(p) = m.start(cmd) { watches.insert(n.to_owned(), (p, cmd.to_owned())); }
            m.w.advance(Span::millis(700));
        } else if let Some(n) = line.strip_prefix("@stop ") {
            m.w.advance(Span::millis(500));
            println!("# watch-{n} stops");
            if let Some((p, cmd)) = watches.remove(n) {
                m.w.kernel.kill_job(p, Signal::Int);
                m.w.settle();
                let out = m.w.kernel.output_of(p);
                if let Some(o) = a.get(3) { std::fs::write(format!("{o}/watch-{n}.txt"), format!("$ {cmd}\n{out}")).unwrap(); }
            }
        } else if let Some(s) = line.strip_prefix("@sleep ") {
            m.w.advance(Span::seconds_f64(s.parse().unwrap_or(1.0)));
        } else if let Some(rest) = line.strip_prefix("@until ") {
            let (t, cmd) = rest.split_once(' ').unwrap();
            let n = (t.parse::<f64>().unwrap_or(10.0) * 2.0) as u32;
            if cmd.starts_with("kubectl") && !cmd.contains('|') && !cmd.contains('$') {
                for _ in 0..n { if m.run(cmd).1 == 0 { break; } m.w.advance(Span::millis(500)); }
            } else { m.w.advance(Span::seconds_f64((n as f64 / 2.0).min(8.0))); }
        } else if let Some(s) = line.strip_prefix("@section ") {
            println!("\n## {s}");
        } else if let Some(cmd) = line.strip_prefix("$ ") {
            println!("$ {cmd}");
            if !(cmd.starts_with("kubectl") || cmd.starts_with("KUBE_")) || cmd.contains('|') || cmd.contains("&&") || cmd.contains("; ") { continue; }
            let (out, code) = m.run(cmd);
            print!("{out}");
            if !out.is_empty() && !out.ends_with('\n') { println!(); }
            if code != 0 { println!("[exit {code}]"); }
        }
    }
}
