//! A key that is given twice.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Device {
    #[field(index, index)]
    status: bool,
    #[field(unit = "a")]
    #[field(unit = "b")]
    value: i64,
}

fn main() {}
