//! A whole program: its flags, its signals, its exit codes, its log.
#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};

fn probe() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probe"));
    for name in ["Q_LOG", "Q_IN_DOCKER", "Q_WEB_ADDR"] {
        command.env_remove(name);
    }
    command.env("Q_STORE", "memory:");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn output(command: &mut Command) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// Reads lines until one is `last`.
fn read_until(lines: &mut impl BufRead, last: &str) -> Vec<String> {
    let mut read = Vec::new();
    while read.last().is_none_or(|line| line != last) {
        let mut line = String::new();
        assert!(
            lines.read_line(&mut line).unwrap() > 0,
            "ended after {read:?}"
        );
        read.push(line.trim_end().to_owned());
    }
    read
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn the_first_signal_ends_in_order() {
    for name in ["INT", "TERM"] {
        let mut child = probe().spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        read_until(&mut lines, "ready");
        signal(&child, name);
        let mut rest = String::new();
        lines.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "deinit\n");
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn the_second_signal_ends_at_once() {
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let mut child = probe().env("PROBE_STUCK", "1").spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        read_until(&mut lines, "ready");
        signal(&child, name);
        read_until(&mut lines, "stuck");
        signal(&child, name);
        assert_eq!(child.wait().unwrap().code(), Some(code));
    }
}

#[test]
fn it_ends_by_itself() {
    let (code, out, _) = output(probe().args(["--for", "300ms", "--loud"]));
    assert_eq!(code, Some(0));
    assert_eq!(out, "loud\ninit\nready\ndeinit\n");
}

#[test]
fn help_explains_every_flag() {
    let (code, out, _) = output(probe().arg("--help"));
    assert_eq!(code, Some(0));
    insta::assert_snapshot!(out);
}

#[test]
fn what_is_wrong_on_the_command_line_is_said() {
    let refusals = [
        vec!["--lout"],
        vec!["--for"],
        vec!["--for", "soon"],
        vec!["--for", "1s", "--for", "2s"],
        vec!["--log", "loud"],
        vec!["--store", "floppy:a"],
    ];
    let mut said = String::new();
    for arguments in refusals {
        let (code, out, error) = output(probe().args(&arguments));
        assert_eq!(out.replace("loud\n", ""), "", "{arguments:?}");
        said += &format!("{} -> {code:?}\n{error}\n", arguments.join(" "));
    }
    insta::assert_snapshot!(said);
}

#[test]
fn settings_come_from_the_environment_too() {
    let (code, out, error) = output(
        probe()
            .env("Q_IN_DOCKER", "1")
            .env("Q_LOG", "error")
            .env("Q_WEB_ADDR", "127.0.0.1:0")
            .args(["--for", "300ms"]),
    );
    assert_eq!(
        (code, out.as_str()),
        (Some(0), "init\nready\ndeinit\n"),
        "{error}"
    );
    let (code, _, error) = output(probe().env("Q_STORE", "floppy:a"));
    assert_eq!(code, Some(1));
    assert!(error.contains("floppy:a"), "{error}");
}

#[test]
fn the_level_follows_the_service_while_it_runs() {
    let (code, _, log) = output(probe().args(["--for", "300ms"]));
    assert_eq!(code, Some(0));
    assert!(!log.contains("before"), "{log}");
    assert!(log.contains("after"), "{log}");
    assert!(log.contains("the store is in memory"), "{log}");
}
