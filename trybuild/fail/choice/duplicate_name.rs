//! Two variants with one name on the wire.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Choice, Clone, Copy)]
enum Power {
    Off,
    #[choice(rename = "Off")]
    On,
}

fn main() {}
