//! The command `aqueduct`.

fn main() -> std::process::ExitCode {
    aqueduct::cli::run()
}
