//! The command `qlib` on stores in directories: what it prints, and its exit codes.
#![allow(missing_docs, clippy::unwrap_used)]

mod changing;
mod failing;
mod files;
mod read_only;
mod reading;
mod repairing;
mod watching;

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use qlib::{Clock, EntityId, FieldSchema, HistoryPolicy, Kind, Schema, Store, Value};
use regex_lite::{Captures, Regex};
use tempfile::TempDir;

/// What a run of the command left behind, with ids, times and the process's number made stable.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

fn command(store: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qlib"));
    command.env_remove("Q_STORE").arg("--store").arg(store);
    command
}

fn ran(command: &mut Command) -> Ran {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    Ran {
        code: status.code(),
        out: stable(&String::from_utf8(stdout).unwrap()),
        err: stable(&String::from_utf8(stderr).unwrap()),
    }
}

fn run(store: &Path, arguments: &[&str]) -> Ran {
    ran(command(store).args(arguments))
}

/// What a command prints that must be fine and have nothing to complain of.
fn printed(store: &Path, arguments: &[&str]) -> String {
    let Ran { code, out, err } = run(store, arguments);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{arguments:?}");
    out
}

/// Ids are numbered as they occur, and the times of this machine have no digits.
fn stable(text: &str) -> String {
    let mut ids = vec![EntityId::ROOT.to_string()];
    let uuid = Regex::new("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").unwrap();
    let text = uuid.replace_all(text, |found: &Captures<'_>| {
        let known = ids.iter().position(|id| *id == found[0]);
        let number = known.unwrap_or(ids.len());
        if known.is_none() {
            ids.push(found[0].to_owned());
        }
        format!("00000000-0000-0000-0000-{number:012}")
    });
    let time = Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z").unwrap();
    let text = time.replace_all(&text, |found: &Captures<'_>| match &found[0] {
        TIME => TIME.to_owned(),
        _ => "(time)".to_owned(),
    });
    text.into_owned()
}

const FOR_EVER: HistoryPolicy = HistoryPolicy {
    keep: Duration::MAX,
    min_interval: None,
    deadband: None,
};

const TIME: &str = "2026-01-31T12:00:00Z";

/// A home with a kitchen and a lamp in it; closed.
/// What reads a store that [`fill`] has filled, and writes no file.
const READING: [&[&str]; 8] = [
    &["tree"],
    &["get", "/Home/Lamp 1.5"],
    &["history", "/Home/Lamp 1.5.Brightness"],
    &["log"],
    &["schema"],
    &["schema", "export"],
    &["stats"],
    &["export"],
];

fn home() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    fill(&directory.path().join("home")).close().unwrap();
    directory
}

fn fill(path: &Path) -> Store {
    let clock = Clock::driven(TIME.parse().unwrap());
    let store = Store::options().clock(clock).open(path).unwrap();
    let store = store.writing_as("installer");
    // So that what comes next is a batch of its own: where a record stands is part of some messages.
    wait(store.durable()).unwrap();
    let lamp = Schema::new("Lamp")
        .doc("A light.")
        .field(
            "Power",
            FieldSchema::choice(["Off", "On"]).default_value(Value::Choice("Off".into())),
        )
        .field(
            "Brightness",
            FieldSchema::new(Kind::Int)
                .range(0..=100)
                .default_value(0)
                .required()
                .history(FOR_EVER),
        )
        .field("Offset", Kind::Float)
        .field("Label", FieldSchema::new(Kind::String).unique())
        .field("IsNew", Kind::Bool)
        .field("Icon", Kind::BinaryFile)
        .field("Installed", Kind::Timestamp)
        .field("Room", FieldSchema::reference("Room"))
        .field("Friends", Kind::EntityList)
        .field("Program", Kind::Transformation);
    let made = store.transaction(|tx| {
        tx.set_schema(Schema::new("Room"));
        tx.set_schema(lamp.clone());
        let home = tx.create_named(EntityId::ROOT, "Home", "Room", [])?;
        let kitchen = tx.create_named(home, "Kitchen", "Room", [])?;
        let lamp = [
            ("Brightness", Value::Int(3)),
            ("Room", Value::EntityReference(kitchen)),
        ];
        let lamp = tx.create_named(home, "Lamp 1.5", "Lamp", lamp)?;
        tx.create_named(home, "Other", "Lamp", [("Label", "taken".into())])?;
        Ok(lamp)
    });
    let lamp = wait(made).unwrap();
    wait(store.transaction(|tx| tx.set_value(lamp, "Brightness", Value::Int(80)))).unwrap();
    store
}

fn wait<T>(outcome: impl Future<Output = qlib::Result<T>>) -> qlib::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(outcome)
}
