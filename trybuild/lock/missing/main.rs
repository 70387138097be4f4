//! The file that `Cargo.toml` names is not there.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Lamp {}

#[derive(Entity)]
#[entity(unlocked)]
struct Sample {}

fn main() {}
