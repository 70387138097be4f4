//! `Cargo.toml` names the file in another form than the one that is read.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Lamp {}

fn main() {}
