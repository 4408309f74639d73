//! Turns the lessons' Markdown into JSON, so that the page carries no Markdown parser.

#[path = "src/lessons/parse.rs"]
mod parse;

use std::path::Path;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=src/lessons");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    for entry in fs::read_dir("src/lessons").expect("the lessons' folder is there") {
        let path = entry.expect("the folder can be read").path();
        if path.extension().is_some_and(|extension| extension == "md") {
            let text = fs::read_to_string(&path).expect("a lesson is text");
            let lesson = parse::parse(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let name =
                path.file_stem().expect("a lesson has a name").to_string_lossy().into_owned();
            fs::write(Path::new(&out).join(format!("{name}.json")), lesson.to_string())
                .expect("the build folder can be written");
        }
    }
}
