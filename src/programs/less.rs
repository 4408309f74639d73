//! `less` and `more`: show everything at once; the terminal's own scrollback does the paging.

use crate::os::Program;

use super::cat::CAT;

/// `less`.
pub(super) static LESS: Program = Program { name: "less", start: |argv| (CAT.start)(&plain(argv)) };
/// `more`.
pub(super) static MORE: Program = Program { name: "more", start: |argv| (CAT.start)(&plain(argv)) };

/// The files without the pager's own options.
fn plain(argv: &[String]) -> Vec<String> {
    let files =
        argv.iter().skip(1).filter(|a| !(a.len() > 1 && a.starts_with('-') || a.starts_with('+')));
    std::iter::once("cat".to_owned()).chain(files.cloned()).collect()
}
