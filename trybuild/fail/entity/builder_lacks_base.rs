//! A new entity without the fields of its base.
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
#[entity(extends = Device)]
struct Lamp {
    brightness: i64,
}

fn new(entity: impl qlib::NewEntity<Lamp>) {
    drop(entity.into_values())
}

fn main() {
    new(Lamp::builder().brightness(1));
}
