//! Histories that keep nothing or do not say what they keep.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Device {
    #[field(history)]
    a: i64,
    #[field(history(deadband = 0.5))]
    b: f64,
    #[field(history(keep = "30 dais"))]
    c: i64,
    #[field(history(kep = "30d"))]
    d: i64,
    #[field(history(keep = "30d", deadband = -1))]
    e: i64,
    #[field(history(keep = "1s", min_interval = "1m"))]
    f: i64,
}

fn main() {}
