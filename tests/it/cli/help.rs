//! What a person is told who asks, and who types something wrong.

use aqueduct::chain::key::PublicKey;

use super::{Place, run};

const COMMANDS: [&[&str]; 21] = [
    &["init"],
    &["serve"],
    &["demo"],
    &["simulate"],
    &["import"],
    &["import", "tracking"],
    &["report"],
    &["verify"],
    &["rebuild"],
    &["login"],
    &["webhook"],
    &["webhook", "add"],
    &["webhook", "list"],
    &["webhook", "remove"],
    &["webhook", "retry"],
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
        assert!(
            help.out.contains("Example") || command == ["import"] || command == ["webhook"],
            "{command:?}: {}",
            help.out
        );
    }
    assert!(run(&["--version"]).expect(0).out.starts_with("aqueduct "));
}

#[test]
fn every_example_can_be_run_as_it_stands() {
    let mut parsed = 0;
    for_every_command(&aqueduct::cli::definition(), &mut |command| {
        let helps = [command.get_after_help(), command.get_after_long_help()];
        for example in helps.into_iter().flatten().flat_map(|help| examples_in(&help.to_string())) {
            let read = aqueduct::cli::definition().try_get_matches_from(&example);
            assert!(read.is_ok(), "{}: {example:?}: {}", command.get_name(), read.unwrap_err());
            parsed += 1;
        }
    });
    assert!(parsed > 25, "{parsed} examples were found");
}

fn for_every_command(command: &clap::Command, see: &mut dyn FnMut(&clap::Command)) {
    see(command);
    command.get_subcommands().for_each(|command| for_every_command(command, see));
}

/// The words of each `aqueduct ...` in a help text, without what the shell takes and what is said
/// beside it.
fn examples_in(help: &str) -> Vec<Vec<String>> {
    let key = PublicKey([7; 32]).to_string();
    let joined = help.replace("\\\n      ", "").replace(" && ", "\n").replace("ed25519:...", &key);
    let lines = joined.lines().map(|line| line.trim_start().trim_start_matches("RUST_LOG=debug "));
    let commands = lines.filter(|line| line.starts_with("aqueduct "));
    let bare = |line: &str| [" > ", " | ", "  "].iter().fold(line.to_owned(), |line, end| before(&line, end));
    commands.map(|line| words(&bare(line))).collect()
}

fn before(line: &str, end: &str) -> String {
    line.split(end).next().unwrap().to_owned()
}

/// Words between spaces; quotation marks keep spaces together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in line.split('"').enumerate() {
        match at % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
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
        &["verify", "--database", "postgres://clerk@127.0.0.1:1/books?sslmod=verify-full"],
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
