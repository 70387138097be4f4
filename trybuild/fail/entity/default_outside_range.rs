//! A default that the range excludes.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Device {
    #[field(range(0..=10), default = 11)]
    value: i64,
}

fn main() {}
