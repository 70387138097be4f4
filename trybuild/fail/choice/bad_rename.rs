//! A name that nobody can read.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Choice, Clone, Copy)]
enum Power {
    #[choice(rename = "")]
    Off,
    #[choice(rename = "On\u{7}")]
    On,
}

fn main() {}
