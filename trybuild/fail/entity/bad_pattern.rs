//! A pattern that is none, and one that the default does not match.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Device {
    #[field(pattern = "[a-z")]
    a: String,
    #[field(pattern = "[a-z]+", default = "A1")]
    b: String,
}

fn main() {}
