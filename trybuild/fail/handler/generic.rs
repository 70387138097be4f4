//! Handlers have no type parameters.
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

#[on_change(Device.Status)]
async fn f<T>(change: Change<Device, T>) -> Result<()> {
    Ok(())
}

#[on_change(Device.Status)]
async fn g(change: impl Clone) -> Result<()> {
    Ok(())
}

fn main() {}
