//! Ends of another type than the field.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Device {
    #[field(range(0..=10))]
    value: f64,
    #[field(range(0.5..))]
    other: i64,
}

fn main() {}
