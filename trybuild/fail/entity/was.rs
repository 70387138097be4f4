//! Names that nothing had before.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
#[entity(was = "Service", was = Lamp)]
struct Device {
    #[field(was = "Level")]
    brightness: i64,
    level: i64,
    #[field(was = "Heat")]
    warmth: f64,
    #[field(was = "Heat", was = "on/off")]
    temperature: f64,
}

fn main() {}
