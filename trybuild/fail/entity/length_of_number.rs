//! A length of what has none.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Device {
    #[field(max_length = 3)]
    value: f64,
    #[field(max_length = 0)]
    text: String,
    #[field(max_length = 3, default = "four")]
    other: String,
}

fn main() {}
