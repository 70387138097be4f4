//! A distance between texts, and one that is no number.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Device {
    #[field(history(keep = "30d", deadband = 0.5))]
    location: String,
    #[field(history(keep = "30d", deadband = "far"))]
    level: f64,
}

fn main() {}
