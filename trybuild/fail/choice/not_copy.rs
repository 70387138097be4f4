//! A Choice is copied.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Choice)]
enum Power {
    Off,
}

fn main() {}
