//! What comes with another event.
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
async fn f(created: Created<Device>) -> Result<()> {
    Ok(())
}

#[on_create(Device)]
async fn g(created: Created<Room>) -> Result<()> {
    Ok(())
}

#[every("1s")]
async fn h(change: Change<Device, Power>) -> Result<()> {
    Ok(())
}

fn main() {}
