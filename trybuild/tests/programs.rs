//! What must compile boots, and what it says of itself is what was written.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

/// Starts a program, reads what it says until the line that names what its crate has, and ends it.
fn boots(program: &str, line: &str) {
    let mut child = Command::new(program)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .env("Q_STORE", "memory:")
        .env_remove("Q_LOG")
        .spawn()
        .expect("the program starts");
    let said = BufReader::new(child.stderr.take().expect("its output is read")).lines();
    let mut all = Vec::new();
    let found = said.map_while(Result::ok).any(|said| {
        let found = said.ends_with(line);
        all.push(said);
        found
    });
    child.kill().expect("the program is ended");
    child.wait().expect("the program has ended");
    assert!(found, "not said: {line}\nbut: {all:#?}");
}

macro_rules! boots {
    ($($name:ident: $workers:literal workers, $handlers:literal handlers;)*) => {$(
        #[test]
        fn $name() {
            boots(
                env!(concat!("CARGO_BIN_EXE_", stringify!($name))),
                &format!("from {}: {} workers with {} handlers", stringify!($name), $workers, $handlers),
            );
        }
    )*};
}

boots! {
    program: 2 workers, 4 handlers;
    program_without_pub: 2 workers, 4 handlers;
    everything: 15 workers, 30 handlers;
    conditional: 2 workers, 1 handlers;
    durable: 5 workers, 7 handlers;
    inheritance: 2 workers, 2 handlers;
    local: 3 workers, 3 handlers;
    names: 6 workers, 6 handlers;
    strict: 2 workers, 3 handlers;
    shapes: 5 workers, 8 handlers;
}
