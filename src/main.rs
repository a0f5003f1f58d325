//! The command `aqueduct`.

/// Millions of small records are made and dropped on several threads at once: a tenth of the
/// write path was the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    aqueduct::cli::run()
}
