//! A misspelt key.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Choice, Clone, Copy)]
enum Power {
    #[choice(renam = "Off")]
    Off,
}

fn main() {}
