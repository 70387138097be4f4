use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use crate::{command, home, stable};

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
