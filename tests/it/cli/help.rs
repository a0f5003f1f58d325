//! What a person is told who asks, and who types something wrong.

use super::{Place, run};

const COMMANDS: [&[&str]; 15] = [
    &["init"],
    &["serve"],
    &["demo"],
    &["import"],
    &["import", "tracking"],
    &["report"],
    &["verify"],
    &["rebuild"],
    &["login"],
    &["schema"],
    &["keygen"],
    &["sign"],
    &["submit"],
    &["approve"],
    &["bench"],
];

#[test]
fn every_command_explains_itself_with_an_example() {
    let whole = run(&["--help"]).expect(0);
    for what in ["Examples:", "Exit codes:", "AQUEDUCT_DATA", "AQUEDUCT_LISTEN", "AQUEDUCT_LOG", "AQUEDUCT_PASSPHRASE"]
    {
        assert!(whole.out.contains(what), "{what} in {}", whole.out);
    }
    for command in COMMANDS {
        assert!(whole.out.contains(command[0]), "{command:?} is listed");
        let args: Vec<&str> = command.iter().copied().chain(["--help"]).collect();
        let help = run(&args).expect(0);
        assert!(help.out.contains("Example") || command == ["import"], "{command:?}: {}", help.out);
    }
    assert!(run(&["--version"]).expect(0).out.starts_with("aqueduct "));
}

#[test]
fn wrong_arguments_are_exit_code_2() {
    for args in [
        &[][..],
        &["nonsense"],
        &["report", "--by", "colour"],
        &["report", "--as-of", "yesterday"],
        &["report", "--currency", "XXX"],
        &["report", "--by", "area", "--area-level", "0"],
        &["import", "tracking", "table.csv"],
        &["submit", "--login", "aqd_x"],
        &["approve", "--server", "http://127.0.0.1:1", "--login", "aqd_x"],
        &["--log", "loud", "schema"],
        &["init", "--registrar-key", "ed25519:12"],
    ] {
        run(args).expect(2);
    }
}

#[test]
fn commands_that_need_a_chain_say_so_and_make_nothing() {
    let place = Place::new();
    for args in [&["serve"][..], &["report"], &["verify"], &["rebuild"]] {
        let ran = place.run(args).expect(2);
        assert!(ran.err.starts_with("error: "), "{}", ran.err);
        assert!(ran.out.is_empty());
        assert!(!place.data().exists(), "{args:?} made the directory");
    }
}

#[test]
fn the_schema_is_printed() {
    let schema = run(&["schema"]).expect(0);
    assert!(schema.out.contains("type Query"), "{}", schema.out);
}
