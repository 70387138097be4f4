use super::expand;
use crate::testing::{mistakes, pretty, shows, tokens};

#[test]
fn main_is_written() {
    shows!(pretty(expand(tokens("\"smart-home\""))));
}

#[test]
fn main_sets_up_and_names_crates() {
    let input = r#""app", setup = |app| { app.worker(Monitor::new(1)); }, modules = [devices, billing], crate = home"#;
    shows!(pretty(expand(tokens(input))));
}

#[test]
fn mistakes_say_what_to_write() {
    let inputs = [
        "",
        "smart_home",
        "setup = |app| {}",
        "\"\"",
        "\"a/b\"",
        "\"app\", |app| {}",
        "\"app\", setpu = |app| {}",
        "\"app\", setup",
        "\"app\", modules = devices",
        "\"app\", modules = [\"devices\"]",
        "\"app\", setup = f, setup = g",
    ];
    shows!(mistakes(inputs, |input| expand(tokens(input))));
}
