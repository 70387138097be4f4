//! Functions that do not make what the field holds.
#![allow(unused)]

use qlib::prelude::*;

fn count(text: String) -> Result<i64> {
    text.parse().map_err(Error::other)
}

fn number(text: u8) -> Result<f64> {
    Ok(f64::from(text))
}

fn plain(text: String) -> f64 {
    0.0
}

#[derive(Entity)]
struct Device {
    #[field(convert = count)]
    other: f64,
    #[field(convert = number)]
    unknown: f64,
    #[field(convert = plain)]
    plain: f64,
}

fn main() {}
