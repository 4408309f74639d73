//! `run FILE`: a shell script on a fresh cluster, in virtual time.

use std::path::Path;
use std::process::ExitCode;

use crate::cli::machine::Machine;
use crate::cli::{Arguments, read};
use crate::world::Options;

/// Runs the script and prints what a terminal would show. The exit status is the script's.
pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, String> {
    let script = read(arguments.only("FILE")?)?;
    let mut machine = Machine::new(&Options::recorded(arguments.number("seed", 1)?));
    if let Some(dir) = arguments.option("dir") {
        machine.bring(Path::new(dir), "")?;
    }
    let (output, code) = machine.run(&script);
    print!("{output}");
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}
