//! The condition sees values, not the change.
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

#[on_change(Device.Temperature, when(change.current() > 80.0))]
async fn f(change: Change<Device, f64>) -> Result<()> {
    Ok(())
}

fn main() {}
