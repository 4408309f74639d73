//! `ping`: whether an address answers.
//!
//! Simplified: addresses of machines answer, Services' addresses do not, as with kube-proxy in iptables mode.

use crate::base::time::{Span, Time};
use crate::os::{Process, Program, Record, Signal, Step, Sys, Wait};

use super::support::args::Tool;
use super::support::text::{is_busybox, seconds};

/// `ping`.
pub(super) static PING: Program = Program {
    name: "ping",
    start: |argv| {
        Box::new(Ping {
            argv: argv.to_vec(),
            plan: None,
            sent: 0,
            times: Vec::new(),
            next: Time(0),
        })
    },
};

const TOOL: Tool = Tool {
    name: "ping",
    usage: "[-c CNT] [-i SEC] [-W SEC] [-w SEC] [-q] HOST",
    options: "c:i:W:w:qns:t:46f",
    long: &[],
    trouble: 2,
};

#[derive(Clone)]
struct Ping {
    argv: Vec<String>,
    plan: Option<Plan>,
    sent: u64,
    /// Microseconds that the answers took.
    times: Vec<i64>,
    next: Time,
}

#[derive(Clone)]
struct Plan {
    host: String,
    address: String,
    count: u64,
    every: Span,
    /// When it gives up altogether.
    until: Option<Time>,
    /// How long the last answer is waited for.
    patience: Span,
    quiet: bool,
    began: Time,
}

fn plan(argv: &[String], sys: &mut Sys) -> Result<Plan, i32> {
    let args = TOOL.parse(argv, sys)?;
    let busybox = is_busybox(sys);
    let Some(host) = args.operands.last().cloned() else {
        let text = if busybox {
            format!("Usage: ping {}\n", TOOL.usage)
        } else {
            "ping: usage error: Destination address required\n".to_owned()
        };
        sys.eprint(&text);
        return Err(if busybox { 1 } else { 2 });
    };
    let Some(answer) = sys.resolve(&host, Record::A).into_iter().next() else {
        let text = if busybox {
            format!("ping: bad address '{host}'\n")
        } else {
            format!("ping: {host}: Name or service not known\n")
        };
        sys.eprint(&text);
        return Err(if busybox { 1 } else { 2 });
    };
    let span = |o: char| args.value(o).and_then(seconds).map(Span::seconds_f64);
    let address = answer.data;
    if busybox {
        sys.print(&format!("PING {host} ({address}): 56 data bytes\n"));
    } else {
        sys.print(&format!("PING {host} ({address}) 56(84) bytes of data.\n"));
    }
    Ok(Plan {
        host,
        address,
        count: args.value('c').and_then(|c| c.parse().ok()).unwrap_or(u64::MAX),
        every: span('i').unwrap_or(Span::seconds(1)).max(Span::millis(200)),
        until: span('w').map(|s| sys.after(s)),
        patience: span('W').unwrap_or(Span::seconds(10)),
        quiet: args.has('q'),
        began: sys.now(),
    })
}

impl Ping {
    fn send(&mut self, plan: &Plan, sys: &mut Sys) {
        let n = self.sent;
        self.sent += 1;
        let local = plan.address.starts_with("127.") || plan.address == sys.address();
        if !local && !sys.has_address(&plan.address) {
            return;
        }
        let range = if local { (35, 90) } else { (180, 900) };
        let micros = sys.rng("ping", n).range(range.0, range.1);
        self.times.push(micros);
        if plan.quiet {
            return;
        }
        let (ms, rest) = (micros / 1000, micros % 1000);
        let ttl = if local { 64 } else { 62 };
        let address = &plan.address;
        let line = if is_busybox(sys) {
            format!("64 bytes from {address}: seq={n} ttl={ttl} time={ms}.{rest:03} ms\n")
        } else {
            let from = if plan.host == *address {
                address.clone()
            } else {
                format!("{} ({address})", plan.host)
            };
            format!("64 bytes from {from}: icmp_seq={} ttl={ttl} time={ms}.{rest:03} ms\n", n + 1)
        };
        sys.print(&line);
    }

    fn finish(&self, plan: &Plan, sys: &mut Sys) -> i32 {
        let (sent, got) = (self.sent, self.times.len() as u64);
        let lost = if sent == 0 { 0 } else { (sent - got) * 100 / sent };
        let host = &plan.host;
        let (low, high) = (self.times.iter().min(), self.times.iter().max());
        let sum: i64 = self.times.iter().sum();
        let average = sum / self.times.len().max(1) as i64;
        let ms = |micros: i64| format!("{}.{:03}", micros / 1000, micros % 1000);
        let range = match (low, high) {
            (Some(low), Some(high)) if is_busybox(sys) => {
                format!("round-trip min/avg/max = {}/{}/{} ms\n", ms(*low), ms(average), ms(*high))
            }
            (Some(low), Some(high)) => {
                let spread = (high - low) / 3;
                format!(
                    "rtt min/avg/max/mdev = {}/{}/{}/{} ms\n",
                    ms(*low),
                    ms(average),
                    ms(*high),
                    ms(spread)
                )
            }
            _ if is_busybox(sys) => String::new(),
            _ => "\n".to_owned(),
        };
        let counts = if is_busybox(sys) {
            format!("{sent} packets transmitted, {got} packets received, {lost}% packet loss\n")
        } else {
            let time = (sys.now() - plan.began).whole_millis();
            format!(
                "{sent} packets transmitted, {got} received, {lost}% packet loss, time {time}ms\n"
            )
        };
        sys.print(&format!("\n--- {host} ping statistics ---\n{counts}{range}"));
        i32::from(got == 0)
    }
}

impl Process for Ping {
    fn step(&mut self, sys: &mut Sys) -> Step {
        if self.plan.is_none() {
            match plan(&self.argv, sys) {
                Ok(plan) => self.plan = Some(plan),
                Err(code) => return Step::Done(code),
            }
            self.next = sys.now();
        }
        let Some(plan) = self.plan.clone() else { return Step::Done(2) };
        let now = sys.now();
        let over = plan.until.is_some_and(|until| until <= now);
        if now >= self.next && !over {
            if self.sent >= plan.count {
                return Step::Done(self.finish(&plan, sys));
            }
            self.send(&plan, sys);
            self.next = now + plan.every;
            if self.sent >= plan.count {
                let lost = self.times.len() as u64 != self.sent;
                if !lost {
                    return Step::Done(self.finish(&plan, sys));
                }
                self.next = now + plan.patience;
            }
        }
        if over {
            return Step::Done(self.finish(&plan, sys));
        }
        Step::Wait(Wait::until(plan.until.map_or(self.next, |until| until.min(self.next))))
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }

    fn signal(&mut self, signal: Signal, sys: &mut Sys) -> bool {
        if let (Some(plan), Signal::Int) = (&mut self.plan, signal) {
            // ^C ends it with the statistics.
            plan.until = Some(sys.now());
            return true;
        }
        false
    }
}
