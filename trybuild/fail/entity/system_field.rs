//! Fields that every entity has.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Device {
    name: String,
    children: i64,
}

fn main() {}
