//! A default would repeat itself.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Device {
    #[field(unique, default = 1)]
    number: i64,
}

fn main() {}
