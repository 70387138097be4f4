//! A path to an entity that the reference does not lead to.
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

#[on_change(Device.Status, context(name = Device.Room -> Device.Name))]
async fn f(name: Option<String>) -> Result<()> {
    Ok(())
}

fn main() {}
