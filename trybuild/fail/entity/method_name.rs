//! Names of methods that every entity has.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Device {
    id: String,
    commit: bool,
}

fn main() {}
