//! A small world for tests of the kernel and of programs: one machine or more, no cluster.

use crate::base::ordered::OrdMap;

use crate::api::Status;
use crate::base::rng::Rng;
use crate::base::time::{Span, Time};
use crate::os::kernel::{Kernel, MachineId, MachineSpec, StartSpec, Stdio, TtyId};
use crate::os::{
    Answer, Catalog, Errno, Image, OpenFlags, Outside, Pid, Process, Program, Record, Request,
    Response, STDERR, STDOUT, Spawn, Step, Sys, Wait, Watch, WatchEvent,
};

/// What lies outside: names, documents, no API server.
#[derive(Clone)]
pub struct Around {
    /// The tables.
    pub catalog: &'static Catalog,
    /// (full name, address).
    pub names: Vec<(String, String)>,
    /// (URL, contents).
    pub documents: Vec<(String, String)>,
}

impl Outside for Around {
    fn api(&mut self, _: &mut Kernel, _: Pid, _: Request) -> Response {
        Response::ok(crate::base::value::Value::Null)
    }

    fn poll(&mut self, _: &mut Watch) -> Result<Vec<WatchEvent>, Status> {
        Ok(Vec::new())
    }

    fn resolve(&mut self, _: &Kernel, _: MachineId, name: &str, record: Record) -> Vec<Answer> {
        let found = self.names.iter().filter(|(n, address)| match record {
            Record::A => n == name,
            Record::Ptr => address == name,
            Record::Srv => false,
        });
        found
            .map(|(n, address)| Answer {
                name: n.clone(),
                data: if record == Record::Ptr { n.clone() } else { address.clone() },
                port: 0,
            })
            .collect()
    }

    fn route(
        &mut self,
        kernel: &Kernel,
        _: MachineId,
        address: &str,
        port: u16,
    ) -> Result<(String, u16), Errno> {
        if kernel.has_address(address) {
            Ok((address.to_owned(), port))
        } else {
            Err(Errno::TimedOut)
        }
    }

    fn catalog(&self) -> &'static Catalog {
        self.catalog
    }

    fn fetch(&mut self, url: &str) -> Option<Vec<u8>> {
        self.documents.iter().find(|(u, _)| u == url).map(|(_, text)| text.clone().into_bytes())
    }
}

/// A running small world.
#[derive(Clone)]
pub struct Bench {
    /// The machines.
    pub kernel: Kernel,
    /// What lies outside them.
    pub around: Around,
    queue: OrdMap<(Time, u64), Pid>,
    sequence: u64,
}

impl Bench {
    /// A world with these tables and no machine.
    pub fn new(catalog: &'static Catalog) -> Bench {
        let around = Around { catalog, names: Vec::new(), documents: Vec::new() };
        let kernel = Kernel::new(Rng { seed: 1 }, catalog, Time::START);
        Bench { kernel, around, queue: OrdMap::new(), sequence: 0 }
    }

    /// A machine of an image; a container when it has a log.
    pub fn machine(&mut self, image: &'static Image, host: &str, address: &str) -> MachineId {
        self.kernel.add_machine(spec(image, host, address))
    }

    /// A container.
    pub fn container(&mut self, image: &'static Image, host: &str, address: &str) -> MachineId {
        let log = Some(self.kernel.add_log());
        self.kernel.add_machine(MachineSpec { log, ..spec(image, host, address) })
    }

    /// Starts a command.
    pub fn start(&mut self, machine: MachineId, argv: &[&str], stdio: Stdio) -> Pid {
        let argv = argv.iter().map(|a| (*a).to_owned()).collect();
        self.kernel.start(machine, StartSpec { argv, stdio, ..StartSpec::default() }).unwrap()
    }

    /// Lets this much time pass; at most 200,000 steps.
    pub fn pass(&mut self, span: Span) {
        let end = self.kernel.now + span;
        for _ in 0..200_000 {
            for (at, pid) in self.kernel.take_wakes() {
                self.sequence += 1;
                self.queue.insert((at, self.sequence), pid);
            }
            let Some((&(at, n), &pid)) = self.queue.first_key_value() else { break };
            if at > end {
                break;
            }
            self.queue.remove(&(at, n));
            self.kernel.now = self.kernel.now.max(at);
            self.kernel.step(pid, &mut self.around);
        }
        self.kernel.now = end;
    }

    /// Runs a command to its end (or for an hour) as root: exit code and what it printed.
    pub fn run(&mut self, machine: MachineId, argv: &[&str]) -> (i32, String) {
        let pid = self.start(machine, argv, Stdio::Collect);
        self.finish(pid)
    }

    /// Puts a test's own program into a machine.
    pub fn install(&mut self, machine: MachineId, program: &Program) {
        let path = format!("/usr/bin/{}", program.name);
        let magic = String::from_utf8_lossy(crate::os::vfs::PROGRAM_MAGIC).into_owned();
        self.kernel
            .write_file(machine, &path, format!("{magic}{}\n", program.name).as_bytes())
            .unwrap();
        self.kernel.set_mode(machine, &path, 0o755).unwrap();
    }

    /// The same with input.
    pub fn feed(&mut self, machine: MachineId, argv: &[&str], input: &str) -> (i32, String) {
        self.kernel.write_file(machine, "/tmp/.input", input.as_bytes()).unwrap();
        let argv = [&["with-input", "/tmp/.input"], argv].concat();
        self.run(machine, &argv)
    }

    /// Waits for the end of a started process, for an hour.
    pub fn finish(&mut self, pid: Pid) -> (i32, String) {
        for _ in 0..3600 {
            self.pass(Span::seconds(1));
            let exits = self.kernel.take_exits();
            if let Some((_, code, _)) = exits.into_iter().find(|(p, ..)| *p == pid) {
                return (code, self.kernel.output_of(pid));
            }
        }
        (-1, self.kernel.output_of(pid))
    }

    /// What a terminal shows since the last call.
    pub fn screen(&mut self, tty: TtyId) -> String {
        String::from_utf8_lossy(&self.kernel.tty_output(tty)).into_owned()
    }
}

fn spec(image: &'static Image, host: &str, address: &str) -> MachineSpec {
    MachineSpec {
        hostname: host.to_owned(),
        address: address.to_owned(),
        image,
        mounts: Vec::new(),
        resolv_conf: "search default.svc.cluster.local svc.cluster.local cluster.local\n\
                      nameserver 10.96.0.10\noptions ndots:5\n"
            .to_owned(),
        log: None,
    }
}

/// `with-input FILE COMMAND…`: runs a command with a file as its input.
pub static WITH_INPUT: Program = Program {
    name: "with-input",
    start: |argv| Box::new(WithInput { argv: argv.to_vec(), child: None }),
};

#[derive(Clone)]
struct WithInput {
    argv: Vec<String>,
    child: Option<Pid>,
}

impl Process for WithInput {
    fn step(&mut self, sys: &mut Sys) -> Step {
        if self.child.is_none() {
            let input = sys.open(&self.argv[1], OpenFlags::READ).unwrap();
            let argv = self.argv[2..].to_vec();
            let fds = vec![(0, input), (STDOUT, STDOUT), (STDERR, STDERR)];
            match sys.spawn(Spawn { argv, fds, ..Spawn::default() }) {
                Ok(pid) => self.child = Some(pid),
                Err(error) => {
                    sys.eprint(&format!("{}: {error}\n", self.argv[2]));
                    return Step::Done(127);
                }
            }
        }
        match sys.wait(self.child) {
            Some((_, code)) => Step::Done(code),
            None => Step::Wait(Wait::children()),
        }
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}
