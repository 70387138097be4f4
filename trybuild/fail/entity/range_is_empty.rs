//! A range that nothing is in.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Device {
    #[field(range(10..=0))]
    value: i64,
    #[field(range(..))]
    other: i64,
}

fn main() {}
