//! A function that does not exist.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Device {
    #[field(validate = chekc)]
    other: f64,
}

fn main() {}
