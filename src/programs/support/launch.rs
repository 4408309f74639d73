//! Programs that run other programs: `xargs`, `find -exec`, `watch`, `timeout`, `env`, `nohup`.

use crate::os::{Errno, Fd, Pid, STDERR, STDIN, STDOUT, Spawn, Sys};

/// Starts a command with these descriptors as its input, output and errors.
pub(crate) fn spawn_with(
    sys: &mut Sys,
    argv: &[String],
    stdin: Option<Fd>,
    stdout: Fd,
) -> Result<Pid, Errno> {
    let mut fds = vec![(STDOUT, stdout), (STDERR, if stdout == STDOUT { STDERR } else { stdout })];
    fds.extend(stdin.map(|fd| (STDIN, fd)));
    sys.spawn(Spawn { argv: argv.to_vec(), fds, ..Spawn::default() })
}

/// Starts a command that shares the caller's input and output.
pub(crate) fn spawn(sys: &mut Sys, argv: &[String]) -> Result<Pid, Errno> {
    spawn_with(sys, argv, Some(STDIN), STDOUT)
}

/// The exit code of a command that could not be started: 127 when it is not there, 126 otherwise.
pub(crate) fn failure_code(error: Errno) -> i32 {
    if error == Errno::NotFound { 127 } else { 126 }
}
