//! A type that extends itself.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
#[entity(extends = Lamp)]
struct Lamp {
    brightness: i64,
}

fn main() {}
