use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use crate::{READING, command, fill, home, printed, stable, wait};

/// Ends the command when a test fails too.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn first_lines<const N: usize>(arguments: &[&str]) -> String {
    let home = home();
    let mut command = command(&home.path().join("home"));
    let command = command.arg("watch").args(arguments).stdout(Stdio::piped());
    let mut running = Running(command.spawn().unwrap());
    let lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    let lines: Vec<_> = lines.take(N).map(Result::unwrap).collect();
    stable(&lines.join("\n"))
}

#[test]
fn what_exists_comes_first() {
    let of_type = first_lines::<2>(&["Lamp", "Brightness"]);
    let of_entity = first_lines::<3>(&["/Home/Lamp 1.5"]);
    let json = first_lines::<1>(&["/Home/Other", "Label", "--json"]);
    insta::assert_snapshot!([of_type, of_entity, json].join("\n\n"));
}

#[test]
fn changes_of_another_process_are_seen_as_they_come() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("home");
    let store = fill(&path);
    let mut command = command(&path);
    let command = command.args(["watch", "/Home/Other", "Label"]);
    let mut running = Running(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    assert!(next().ends_with("/Home/Other.Label: taken"));
    let other = store.find("/Home/Other").unwrap();
    for (before, label) in [("taken", "first"), ("first", "second")] {
        wait(store.transaction(|tx| tx.set_value(other, "Label", qlib::Value::from(label))))
            .unwrap();
        let line = next();
        assert!(line.ends_with(&format!(": {before} -> {label}")), "{line}");
    }
}

#[test]
fn a_directory_that_is_removed_ends_the_watching() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("home");
    let store = fill(&path);
    let mut command = command(&path);
    let command = command.args(["watch", "/Home/Other", "Label"]);
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = Running(command.spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().ends_with("taken"));
    std::fs::remove_dir_all(&path).unwrap();
    let said = std::io::read_to_string(running.0.stderr.take().unwrap()).unwrap();
    assert!(said.contains("home/lock cannot be found"), "{said}");
    assert_eq!(running.0.wait().unwrap().code(), Some(1));
    drop(store);
}

#[test]
fn what_an_application_has_open_is_read_beside_it() {
    let directory = tempfile::tempdir().unwrap();
    let (path, backup) = (
        directory.path().join("home"),
        directory.path().join("backup"),
    );
    let store = fill(&path);
    let back_up = ["backup", backup.to_str().unwrap()];
    let commands = READING.into_iter().chain([&back_up[..]]);
    let read = || -> Vec<_> {
        let commands = commands.clone();
        commands
            .map(|arguments| printed(&path, arguments))
            .collect()
    };
    let beside = read();
    let copy = std::fs::read(&backup).unwrap();
    store.close().unwrap();
    let alone = read();
    // Where both read from differs: what is kept in memory of the history.
    let stable = |text: &String| {
        text.lines()
            .filter(|line| !line.contains("history"))
            .count()
    };
    for (beside, alone) in beside.iter().zip(&alone) {
        assert_eq!(stable(beside), stable(alone));
        assert!(!beside.is_empty());
    }
    assert_eq!(beside[0], alone[0]);
    assert_eq!(beside[2], alone[2]);
    assert_eq!(copy, std::fs::read(&backup).unwrap());
}
