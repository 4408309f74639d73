//! Entry points: the page in the browser, the command-line runner natively.

#[cfg(target_arch = "wasm32")]
fn main() {
    tabernetes::ui::start();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    tabernetes::cli::main(&arguments)
}
