//! A default of another type than the field.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Choice, Clone, Copy, PartialEq, Debug)]
enum Power {
    Off,
    On,
}

#[derive(Entity, Debug)]
struct Room {
    floor: i64,
}

#[derive(Entity, Debug)]
struct Device {
    status: Power,
    location: String,
    temperature: f64,
    room: Option<Ref<Room>>,
}

#[derive(Entity)]
struct X {
    #[field(default = "a")]
    number: f64,
    #[field(default = 1)]
    text: String,
    #[field(default = 1)]
    power: Power,
}

fn main() {}
