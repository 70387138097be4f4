//! Keys that are written in the wrong form.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Device {
    #[field(index = true)]
    a: i64,
    #[field(unit)]
    b: i64,
    #[field(range = 0..=10)]
    c: i64,
    #[field(default(1))]
    d: i64,
}

fn main() {}
