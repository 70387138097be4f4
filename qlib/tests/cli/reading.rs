use std::process::Command;

use crate::{home, printed, ran, run};

const COMMANDS: [&str; 13] = [
    "export", "import", "backup", "restore", "open", "tree", "get", "set", "watch", "history",
    "log", "schema", "stats",
];

#[test]
fn help_explains_each_command() {
    let help = |arguments: &[&str]| {
        let ran = ran(Command::new(env!("CARGO_BIN_EXE_qlib")).args(arguments));
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
        ran.out
    };
    insta::assert_snapshot!("help", help(&["--help"]));
    for command in COMMANDS {
        insta::assert_snapshot!(format!("help_{command}"), help(&[command, "--help"]));
    }
}

#[test]
fn each_prints_for_people_and_for_programs() {
    let home = home();
    let store = home.path().join("home");
    for (name, arguments) in [
        ("open", &["open"][..]),
        ("tree", &["tree"]),
        ("get_entity", &["get", "/Home/Lamp 1.5"]),
        ("get_field", &["get", "/Home/Lamp 1.5.Room"]),
        ("history", &["history", "/Home/Lamp 1.5.Brightness"]),
        ("log", &["log"]),
        ("schema", &["schema", "Lamp"]),
        ("stats", &["stats"]),
    ] {
        insta::assert_snapshot!(name, printed(&store, arguments));
        let json = printed(&store, &[arguments, &["--json"]].concat());
        for line in json.lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
        insta::assert_snapshot!(format!("{name}_json"), json);
    }
}

#[test]
fn a_tree_begins_and_ends_where_it_is_asked_to() {
    let home = home();
    let store = home.path().join("home");
    let names = |arguments: &[&str]| {
        let tree = printed(&store, arguments);
        let names = tree
            .lines()
            .skip(1)
            .map(|line| line.split("  ").find(|cell| !cell.is_empty()));
        names
            .map(|name| name.unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&["tree", "--depth", "0"]), ["/"]);
    assert_eq!(names(&["tree", "--depth", "1"]), ["/", "Home"]);
    assert_eq!(
        names(&["tree", "/Home"]),
        ["/Home", "Kitchen", "Lamp 1.5", "Other"]
    );
}

#[test]
fn the_past_is_as_far_back_as_the_log() {
    let home = home();
    let store = home.path().join("home");
    let newest = printed(&store, &["log", "--json", "--last", "1"]);
    let newest: serde_json::Value = serde_json::from_str(&newest).unwrap();
    let newest = newest["revision"].as_u64().unwrap();
    let brightness = |at: u64| {
        let field = "/Home/Lamp 1.5.Brightness";
        printed(&store, &["get", field, "--at", &at.to_string()])
    };
    let was = brightness(newest);
    let set = ["set", "/Home/Lamp 1.5.Brightness", "77"];
    assert_eq!(run(&store, &set).code, Some(0));
    assert_eq!(brightness(newest), was);
    assert_eq!(brightness(newest + 1).trim(), "77");
    let first = printed(&store, &["tree", "--at", "1"]);
    assert!(first.contains("Root") && !first.contains("Home"), "{first}");
    let later = run(&store, &["tree", "--at", &(newest + 2).to_string()]);
    assert!(later.err.contains("cannot be shown"), "{}", later.err);
}

#[test]
fn the_last_commits_are_as_many_as_asked_for() {
    let home = home();
    let store = home.path().join("home");
    let revisions = |last| {
        let log = printed(&store, &["log", "--json", "--last", last]);
        let revision = |line: &str| {
            let commit: serde_json::Value = serde_json::from_str(line).unwrap();
            commit["revision"].as_u64().unwrap()
        };
        log.lines().map(revision).collect::<Vec<_>>()
    };
    assert!(revisions("0").is_empty());
    assert_eq!(revisions("2"), [2, 3]);
    assert_eq!(revisions("9"), [1, 2, 3]);
}

#[test]
fn the_store_may_be_named_by_the_environment() {
    let home = home();
    let address = format!("file:{}", home.path().join("home").display());
    let named = |address: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qlib"));
        ran(command
            .env("Q_STORE", address)
            .args(["get", "/Home/Other.Label"]))
    };
    assert_eq!(named(&address).out, "taken\n");
    for address in ["memory:", "file:", "redis://localhost", ""] {
        let ran = named(address);
        assert_eq!(ran.code, Some(2), "{address:?}");
        assert!(ran.err.contains("names no directory"), "{}", ran.err);
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_fault() {
    let home = home();
    let store = home.path().join("home");
    let mut command = crate::command(&store);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = command.arg("tree").stdout(writer).status().unwrap();
    assert_eq!(status.code(), Some(0));
    assert_eq!(run(&store, &["open"]).code, Some(0));
}
