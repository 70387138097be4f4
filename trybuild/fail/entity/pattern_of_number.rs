//! A pattern of what is no text.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Device {
    #[field(pattern = "[0-9]+")]
    value: i64,
}

fn main() {}
