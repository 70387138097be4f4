//! A path through a field that refers to nothing.
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

#[on_change(Device.Status, context(room = Device.Status -> Room.Name))]
async fn f(room: String) -> Result<()> {
    Ok(())
}

fn main() {}
