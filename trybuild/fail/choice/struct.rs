//! A struct is no Choice.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Choice, Clone, Copy)]
struct Power {
    on: bool,
}

fn main() {}
