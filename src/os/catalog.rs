//! The tables of programs and images, as the operating system sees them. The top layer fills them in.

use crate::os::Process;

/// A program that a file in some machine's `/bin` stands for.
pub struct Program {
    /// Its name: `cat`.
    pub name: &'static str,
    /// Makes a process from the argument vector (`argv[0]` is the name it was called by).
    pub start: fn(argv: &[String]) -> Box<dyn Process>,
}

/// A file that an image brings.
#[derive(Clone, Copy, Debug)]
pub enum ImageFile {
    /// A directory with its mode.
    Directory(&'static str, u16),
    /// A text file with its mode.
    Text(&'static str, u16, &'static str),
    /// A program by its catalogue name.
    Program(&'static str, &'static str),
    /// A symbolic link (path, target).
    Link(&'static str, &'static str),
}

/// A container image.
pub struct Image {
    /// Repository names it is known by, without tag and without `docker.io/library/`: `busybox`, `registry.k8s.io/nginx-slim`.
    pub names: &'static [&'static str],
    /// The tags it has; empty means every tag.
    pub tags: &'static [&'static str],
    /// Bytes, as the registry lists it.
    pub size: u64,
    /// Its entry point.
    pub entrypoint: &'static [&'static str],
    /// Its default arguments.
    pub cmd: &'static [&'static str],
    /// Its environment.
    pub env: &'static [(&'static str, &'static str)],
    /// User id that its processes run as.
    pub user: u32,
    /// Working directory.
    pub workdir: &'static str,
    /// What it lays over the common base (shell and usual commands).
    pub files: &'static [ImageFile],
    /// Whether the base with the shell and the usual commands is in it.
    pub shell: bool,
}

/// Everything that can be run.
pub struct Catalog {
    /// All programs, by registry: the usual ones, the shells, kubectl.
    pub programs: &'static [&'static [&'static Program]],
    /// All images.
    pub images: &'static [&'static Image],
    /// What every image with a shell has: the usual commands and files.
    pub base: &'static [ImageFile],
    /// Runs for an image that we do not know: answers on its declared ports and says what it is.
    pub stand_in: &'static Image,
    /// The learner's own machine.
    pub laptop: &'static Image,
}

impl Catalog {
    /// The program with this name.
    pub fn program(&self, name: &str) -> Option<&'static Program> {
        self.programs.iter().flat_map(|list| list.iter()).copied().find(|p| p.name == name)
    }
}
