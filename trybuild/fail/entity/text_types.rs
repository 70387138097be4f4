//! One type for text.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Device {
    name_of: &'static str,
    letter: char,
}

fn main() {}
