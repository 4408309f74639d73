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
    /// The tags it has (see [`Image::has_tag`] for the placeholders); empty means every tag.
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
    /// The contents behind an address outside the cluster, if the application has them.
    pub document: fn(url: &str) -> Option<&'static str>,
}

/// What the simulated registries have for a name and tag.
#[derive(Clone, Copy)]
pub enum Lookup {
    /// This image.
    Image(&'static Image),
    /// An image that we do not have: this one runs for it.
    StandIn(&'static Image),
    /// The repository has no such tag.
    NoTag,
    /// There is no such repository.
    NoRepository,
}

impl Image {
    /// Whether it is known by this tag. In `tags`, `#` stands for a number of at most two digits and a `*`
    /// at the end for anything that begins with a letter.
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags.is_empty() || self.tags.iter().any(|pattern| tag_fits(pattern, tag))
    }
}

fn tag_fits(pattern: &str, tag: &str) -> bool {
    let Some(at) = pattern.find(['#', '*']) else { return pattern == tag };
    let Some(rest) = tag.strip_prefix(&pattern[..at]) else { return false };
    if pattern[at..].starts_with('*') {
        return rest.starts_with(|c: char| c.is_ascii_alphabetic());
    }
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let padded = digits > 1 && rest.starts_with('0') && at > 0;
    (1..=2).contains(&digits) && !padded && tag_fits(&pattern[at + 1..], &rest[digits..])
}

/// Whether two names differ by one letter, or by two neighbours exchanged.
fn is_typo(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let start = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[start..], &b[start..]);
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[..a.len() - end], &b[..b.len() - end]);
    match (a, b) {
        ([x, y], [z, w]) => x == w && y == z,
        (a, b) => a.len() <= 1 && b.len() <= 1,
    }
}

impl Catalog {
    /// What the registries have for a repository (without `docker.io/library/`) and a tag ("" with a digest).
    ///
    /// The rule for what we do not have: a tag with `nosuch` does not exist; neither does a repository with
    /// `nosuch` in its name, in `example.com`, in a domain that ends with `.invalid`, or whose plain name is a
    /// slip of the pen for one of ours (`ngnix`). Every other repository exists with all its tags, and the
    /// stand-in runs for it.
    pub fn look_up(&self, repository: &str, tag: &str) -> Lookup {
        let mut known =
            self.images.iter().copied().filter(|i| i.names.contains(&repository)).peekable();
        if let Some(first) = known.peek().copied() {
            if tag.is_empty() {
                return Lookup::Image(first);
            }
            return match known.find(|i| i.has_tag(tag)) {
                Some(image) if !tag.contains("nosuch") => Lookup::Image(image),
                _ => Lookup::NoTag,
            };
        }
        let domain = repository.split('/').next().unwrap_or("");
        let absent = repository.contains("nosuch")
            || domain == "example.com"
            || domain.ends_with(".invalid")
            || !repository.contains('/') && self.is_slip(repository);
        if absent {
            Lookup::NoRepository
        } else if tag.contains("nosuch") {
            Lookup::NoTag
        } else {
            Lookup::StandIn(self.stand_in)
        }
    }

    fn is_slip(&self, name: &str) -> bool {
        let names = self.images.iter().flat_map(|i| i.names.iter());
        name.len() > 3 && names.filter(|n| !n.contains('/')).any(|n| is_typo(n, name))
    }

    /// The program with this name.
    pub fn program(&self, name: &str) -> Option<&'static Program> {
        self.programs.iter().flat_map(|list| list.iter()).copied().find(|p| p.name == name)
    }
}
