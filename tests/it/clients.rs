//! The examples of `docs/clients`, run as they stand against a demonstration.
//!
//! Each needs its interpreter and, the first time, the packages that it names; what was installed
//! is kept in the target directory. Where that cannot be had the test says so and is skipped,
//! unless `AQUEDUCT_REQUIRE_PYTHON` or `AQUEDUCT_REQUIRE_NODE` is 1.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::cli::Place;
use crate::cli::serve::Server;

#[test]
fn the_python_example_signs_follows_and_verifies() {
    let source = examples().join("python");
    let interpreter = match python(&source) {
        Ok(interpreter) => interpreter,
        Err(why) => return skip("AQUEDUCT_REQUIRE_PYTHON", &why),
    };
    run_twice(|_| {
        let mut command = Command::new(&interpreter);
        command.env("PYTHONDONTWRITEBYTECODE", "1").arg(source.join("example.py"));
        command
    });
}

#[test]
fn the_typescript_example_signs_follows_and_verifies() {
    let folder = match node(&examples().join("typescript")) {
        Ok(folder) => folder,
        Err(why) => return skip("AQUEDUCT_REQUIRE_NODE", &why),
    };
    run_twice(|is_first| {
        // The first run takes the schema of the server and compiles against it.
        let (program, args) =
            if is_first { ("npm", ["start", "--silent"]) } else { ("node", ["--", "dist/example.js"]) };
        let mut command = Command::new(program);
        command.current_dir(&folder).args(args);
        command
    });
}

/// Runs an example twice against one demonstration, and once with logins that are not there.
fn run_twice(example: impl Fn(bool) -> Command) {
    let place = Place::new();
    let server = Server::start(&place, "demo");
    let run = |is_first: bool, logins: &Path| {
        let url = format!("http://{}", server.address);
        example(is_first).env("AQUEDUCT_URL", url).env("AQUEDUCT_LOGINS", logins).stdin(Stdio::null()).output().unwrap()
    };
    for is_first in [true, false] {
        let ran = run(is_first, &place.data().join("demo-logins.json"));
        let (out, err) = texts(&ran);
        assert_eq!(ran.status.code(), Some(0), "out: {out}\nerr: {err}");
        for promise in ["Acknowledged as entry", "Resumed the subscription", "adds up on both sides", "byte is found"] {
            assert!(out.contains(promise), "{promise:?} is not in {out}");
        }
        assert!(out.trim_end().ends_with("All checks passed."), "{out}");
    }
    let refused = run(false, &place.data().join("no-such-file.json"));
    let (out, err) = texts(&refused);
    assert_eq!(refused.status.code(), Some(1), "out: {out}\nerr: {err}");
    assert!(err.contains("no-such-file.json"), "{err}");
    assert_eq!(server.stop("-TERM"), 0);
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/clients")
}

/// A Python with the packages of the requirements.
fn python(source: &Path) -> Result<PathBuf, String> {
    let is_new_enough = "import sys; sys.exit(sys.version_info < (3, 10))";
    done("Python 3.10 or later", Command::new("python3").args(["-c", is_new_enough]))?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients-python");
    let requirements = source.join("requirements.txt");
    let interpreter = folder.join("bin/python");
    install(&folder, &requirements, || {
        done("venv", Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        let pip = ["-m", "pip", "install", "--disable-pip-version-check", "--requirement"];
        done("pip install", Command::new(&interpreter).args(pip).arg(&requirements))
    })?;
    Ok(interpreter)
}

/// A copy of the example with its packages beside it: the source stays clean.
fn node(source: &Path) -> Result<PathBuf, String> {
    let is_new_enough = "process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)";
    done("Node 20 or later", Command::new("node").args(["-e", is_new_enough]))?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients-typescript");
    fs::create_dir_all(folder.join("src")).unwrap();
    for part in ["", "src"] {
        for file in fs::read_dir(source.join(part)).unwrap().map(Result::unwrap) {
            if file.file_type().unwrap().is_file() {
                fs::copy(file.path(), folder.join(part).join(file.file_name())).unwrap();
            }
        }
    }
    install(&folder, &source.join("package-lock.json"), || {
        done("npm ci", Command::new("npm").current_dir(&folder).arg("ci"))
    })?;
    Ok(folder)
}

/// Installs what a list of packages names, unless exactly that was installed before.
fn install(folder: &Path, list: &Path, how: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    let list = fs::read(list).unwrap();
    let stamp = folder.join("installed");
    if fs::read(&stamp).is_ok_and(|installed| installed == list) {
        return Ok(());
    }
    how()?;
    fs::write(stamp, list).unwrap();
    Ok(())
}

fn done(what: &str, command: &mut Command) -> Result<(), String> {
    match command.stdin(Stdio::null()).output() {
        Ok(ran) if ran.status.success() => Ok(()),
        Ok(ran) => Err(format!("{what} failed: {}", texts(&ran).1.trim())),
        Err(why) => Err(format!("{what} cannot be had: {why}")),
    }
}

fn texts(ran: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&ran.stdout), text(&ran.stderr))
}

fn skip(variable: &str, why: &str) {
    let required = std::env::var_os(variable).is_some_and(|value| value == "1");
    assert!(!required, "{variable} is 1, but: {why}");
    eprintln!("skipped: {why}");
}
