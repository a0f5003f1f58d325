//! Printing an answer on standard output.

use std::io::{self, Write};
use std::path::Path;

use serde_json::Value;

use super::failure::Failure;

/// Prints text as it is. A reader that went away (`aqueduct report | head`) is no failure.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(why) if why.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::other("standard output cannot be written").because(&why))
        }
        _ => Ok(()),
    }
}

/// Prints a JSON value, indented, with a newline.
pub fn print_json(value: &Value) -> Result<(), Failure> {
    print(&format!("{value:#}\n"))
}

/// Writes a new file that only its owner can read; an existing file is never touched.
pub fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(|why| match why.kind() {
        io::ErrorKind::AlreadyExists => {
            Failure::refused(format!("{} exists already", path.display())).way_out("choose another name")
        }
        _ => Failure::other(format!("{} cannot be written", path.display())).because(&why),
    })
}

/// Reads a file, or standard input for `-`.
pub fn read_input(path: &Path) -> Result<Vec<u8>, Failure> {
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        return match io::Read::read_to_end(&mut io::stdin(), &mut bytes) {
            Ok(_) => Ok(bytes),
            Err(why) => Err(Failure::other("standard input cannot be read").because(&why)),
        };
    }
    std::fs::read(path).map_err(|why| {
        let sentence = format!("{} cannot be read", path.display());
        match why.kind() {
            io::ErrorKind::NotFound => Failure::input(format!("there is no file {}", path.display())),
            _ => Failure::other(sentence).because(&why),
        }
    })
}
