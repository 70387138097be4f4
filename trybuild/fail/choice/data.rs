//! Variants hold no data.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Choice, Clone, Copy)]
enum Power {
    Off,
    On(u8),
}

fn main() {}
