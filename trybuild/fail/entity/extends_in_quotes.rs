//! A base is named as in Rust.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Device {}

#[derive(Entity)]
#[entity(extends = "Device")]
struct Lamp {}

#[derive(Entity)]
#[qlib(crate = "qlib")]
struct Room {}

fn main() {}
