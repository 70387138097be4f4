//! A new entity without a required field.
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

fn new(entity: impl qlib::NewEntity<Device>) {
    drop(entity.into_values())
}

fn main() {
    new(Device::builder().status(Power::On).location("hall"));
}
