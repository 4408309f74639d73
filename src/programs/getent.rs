//! `getent`: entries of the machine's databases.

use crate::os::{Program, Record, Sys};

use super::support::once::once;
use super::support::text::read_text;

/// `getent`.
pub(super) static GETENT: Program = Program { name: "getent", start: |argv| once(argv, run) };

fn run(argv: &[String], sys: &mut Sys) -> i32 {
    let Some(database) = argv.get(1) else {
        sys.eprint("Usage: getent [OPTION...] database [key ...]\n");
        return 1;
    };
    let keys = &argv[2..];
    match database.as_str() {
        "hosts" | "ahosts" | "ahostsv4" if !keys.is_empty() => {
            let mut code = 0;
            for key in keys {
                let answers = sys.resolve(key, Record::A);
                if answers.is_empty() {
                    code = 2;
                }
                for answer in answers {
                    let line = if database == "hosts" {
                        format!("{:<15} {}\n", answer.data, answer.name)
                    } else {
                        format!("{:<15} STREAM {}\n", answer.data, answer.name)
                    };
                    sys.print(&line);
                }
            }
            code
        }
        "passwd" | "group" | "hosts" => {
            let text = read_text(sys, &format!("/etc/{database}")).unwrap_or_default();
            let mut code = 0;
            if keys.is_empty() {
                sys.print(&text);
            }
            for key in keys {
                let fits = |l: &&str| {
                    let fields: Vec<&str> = l.split(':').collect();
                    fields.first() == Some(&key.as_str()) || fields.get(2) == Some(&key.as_str())
                };
                match text.lines().find(fits) {
                    Some(line) => sys.print(&format!("{line}\n")),
                    None => code = 2,
                }
            }
            code
        }
        other => {
            sys.eprint(&format!(
                "Unknown database: {other}\nTry `getent --help' for more information.\n"
            ));
            1
        }
    }
}
