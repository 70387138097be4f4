//! One type for each kind of number.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Device {
    count: u32,
    ratio: Option<f32>,
}

fn main() {}
