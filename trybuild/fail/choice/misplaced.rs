//! An attribute of variants on the enum, and one without its list.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Choice, Clone, Copy)]
#[choice(rename = "Switch")]
enum Power {
    #[choice]
    Off,
    On,
}

fn main() {}
