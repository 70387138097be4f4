//! An enum that is no Choice, as the type of a field.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Clone, Copy)]
enum Mode {
    A,
}

#[derive(Entity)]
struct Device {
    mode: Mode,
}

fn main() {}
