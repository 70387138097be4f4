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
        for place in ["deinit", "thread"] {
            let mut child = probe().env("PROBE_STUCK", place).spawn().unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap());
            read_until(&mut lines, "ready");
            signal(&child, name);
            read_until(&mut lines, "stuck");
            signal(&child, name);
            let mut rest = String::new();
            lines.read_to_string(&mut rest).unwrap();
            assert_eq!(rest, "given back\n");
            assert_eq!(child.wait().unwrap().code(), Some(code));
        }
    }
}

#[test]
fn the_second_signal_ends_at_once_during_init() {
    let mut child = probe().env("PROBE_STUCK", "init").spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut log = BufReader::new(child.stderr.take().unwrap());
    read_until(&mut lines, "stuck");
    signal(&child, "INT");
    // The first one is waited for: two at once would be one.
    let mut line = String::new();
    while !line.contains("a second signal ends at once") {
        assert!(log.read_line(&mut line).unwrap() > 0, "{line}");
    }
    signal(&child, "INT");
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "given back\n");
    assert_eq!(child.wait().unwrap().code(), Some(130));
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
fn help_comes_whatever_else_is_wrong() {
    let (_, help, _) = output(probe().arg("--help"));
    for arguments in [
        &["--help", "--lout"][..],
        &["--lout", "-h"],
        &["--for", "--help"],
        &["--for", "soon", "--help"],
        &["--store", "floppy:a", "--help"],
    ] {
        let (code, out, error) = output(probe().env("PROBE_MUST", "1").args(arguments));
        assert_eq!((code, &*error), (Some(0), ""), "{arguments:?}");
        assert_eq!(out, help, "{arguments:?}");
    }
    let (code, out, _) = output(probe().env("PROBE_MUST", "1").arg("--version"));
    assert_eq!(code, Some(0));
    assert!(out.starts_with("probe "), "{out}");
}

#[test]
fn what_is_wrong_on_the_command_line_is_said() {
    let refusals = [
        vec!["--lout"],
        vec!["--for"],
        vec!["--for", "--loud"],
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
    let (code, _, error) = output(probe().env("PROBE_MUST", "1"));
    said += &format!("without --must -> {code:?}\n{error}\n");
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
    assert_eq!(code, Some(2));
    assert!(error.contains("floppy:a"), "{error}");
}

#[test]
fn an_instance_is_called_as_its_process_or_its_host() {
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    for command in [
        probe().env("Q_IN_DOCKER", "true"),
        probe().arg("--in-docker"),
        probe().env("Q_IN_DOCKER", "false"),
    ] {
        let in_docker = !format!("{command:?}").contains("false");
        let child = command.args(["--for", "300ms"]).spawn().unwrap();
        let process = child.id().to_string();
        let log = child.wait_with_output().unwrap().stderr;
        let log = String::from_utf8(log).unwrap();
        let name = match host.trim() {
            host if in_docker && !host.is_empty() => host,
            _ => &process,
        };
        assert!(log.contains(&format!("leader=Some({name:?})")), "{log}");
        assert_eq!(
            log.contains("keeps that of its process"),
            in_docker && name == process
        );
    }
}

#[test]
fn qlib_itself_has_a_level_of_its_own() {
    for quiet in [false, true] {
        let mut command = probe();
        if quiet {
            command.env("PROBE_QUIET", "1");
        }
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        read_until(&mut lines, "ready");
        signal(&child, "INT");
        let log = String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap();
        assert!(log.contains("last words"), "{log}");
        assert_eq!(
            log.contains("a second signal ends at once"),
            !quiet,
            "{log}"
        );
    }
}

#[test]
fn the_level_follows_the_service_while_it_runs() {
    let (code, _, log) = output(probe().args(["--for", "300ms"]));
    assert_eq!(code, Some(0));
    assert!(!log.contains("before"), "{log}");
    assert!(log.contains("after"), "{log}");
    assert!(
        log.contains("probe on the memory log\n  1 types, 1 workers\n"),
        "{log}"
    );
    assert!(log.contains("the store is in memory"), "{log}");
}

#[test]
fn the_types_are_planned_written_and_compared() {
    let folder = std::env::temp_dir().join(format!("qlib-probe-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("schema.toml");
    let file = file.to_str().unwrap();
    let mut said = String::new();
    let mut schema = |arguments: &[&str]| {
        let (code, out, error) = output(probe().arg("schema").args(arguments));
        let line = arguments.join(" ").replace(file, "FILE");
        said += &format!("$ probe schema {line} -> {code:?}\n{out}{error}\n").replace(file, "FILE");
    };
    schema(&["plan"]);
    schema(&["apply", "--allow-removal"]);
    schema(&["export"]);
    schema(&["export", file]);
    schema(&["diff", file]);
    let text = std::fs::read_to_string(file).unwrap();
    std::fs::write(file, text.replace("max = 100", "max = 10")).unwrap();
    schema(&["diff", file]);
    schema(&["diff"]);
    std::fs::write(file, "[Sample]\nbase = 1\n").unwrap();
    schema(&["diff", file]);
    std::fs::remove_dir_all(&folder).unwrap();
    schema(&["diff", file]);
    schema(&["paln"]);
    schema(&["diff", "--help"]);
    insta::assert_snapshot!(said);
}

#[test]
fn one_that_stands_by_goes_on_when_the_other_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("file:{}", folder.path().display());
    let start = || {
        let mut child = probe().env("Q_STORE", &store).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let log = BufReader::new(child.stderr.take().unwrap());
        (child, lines, log)
    };
    let (mut first, mut lines, _log) = start();
    read_until(&mut lines, "ready");
    let stands_by = format!("  stands by: process {} writes to the store", first.id());

    let (mut second, mut lines, mut log) = start();
    read_until(&mut log, &stands_by);
    let (mut third, mut none, mut its_log) = start();
    read_until(&mut its_log, &stands_by);
    signal(&third, "TERM");
    let mut said = String::new();
    none.read_to_string(&mut said).unwrap();
    assert_eq!((said.as_str(), third.wait().unwrap().code()), ("", Some(0)));

    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(read_until(&mut lines, "ready"), ["init", "ready"]);
    signal(&second, "TERM");
    lines.read_to_string(&mut said).unwrap();
    assert_eq!(
        (said.as_str(), second.wait().unwrap().code()),
        ("deinit\n", Some(0))
    );
}

#[test]
fn one_that_stands_by_shows_that_it_follows_before_it_starts() {
    use qlib::State;
    use qlib::prelude::*;

    let folder = tempfile::tempdir().unwrap();
    let address = format!("file:{}", folder.path().display());
    let mut other = probe().env("Q_STORE", &address).spawn().unwrap();
    let mut lines = BufReader::new(other.stdout.take().unwrap());
    read_until(&mut lines, "ready");
    qlib_tests::run(async {
        let store = Store::options().standby().open(folder.path()).unwrap();
        let app = App::builder("probe").store(store.clone());
        let mut standings = app.standing();
        assert_eq!(standings.now().state, State::Unavailable);
        let starting = tokio::task::spawn_local(app.start());
        let follows = |standing: &qlib::Standing| standing.state == State::Follower;
        let standing = standings.wait_for(follows).await.unwrap();
        let writes = format!("process {} writes to the store", other.id());
        assert_eq!(*standing.reason, *writes);
        assert!(!starting.is_finished());

        other.kill().unwrap();
        other.wait().unwrap();
        let leads = |standing: &qlib::Standing| standing.state == State::Leader;
        let standing = standings.wait_for(leads).await.unwrap();
        let running = starting.await.unwrap().unwrap();
        assert_eq!(running.app().standing(), standing);
        assert!(standing.reason.starts_with("elected with token"));
        running.stop().await;
        assert_eq!(&*standings.now().reason, "it has ended");
        store.close().unwrap();
    });
}

#[test]
fn one_that_cannot_take_over_is_unavailable_and_says_why() {
    use qlib::State;
    use qlib::prelude::*;

    let folder = tempfile::tempdir().unwrap();
    let writer = Store::open(folder.path()).unwrap();
    qlib_tests::run(async {
        let store = Store::options().standby().open(folder.path()).unwrap();
        let app = App::builder("probe").store(store);
        let standings = app.standing();
        std::fs::remove_file(folder.path().join("lock")).unwrap();
        writer.close().unwrap();
        let refused = app.start().await.unwrap_err().to_string();
        let standing = standings.now();
        assert_eq!(
            (standing.state, &*standing.reason),
            (State::Unavailable, &*refused)
        );
    });
}
