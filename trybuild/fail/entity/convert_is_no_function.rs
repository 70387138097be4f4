//! `convert` names a function.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Device {
    #[field(convert = |value: i64| Ok(value as f64))]
    value: f64,
}

fn main() {}
