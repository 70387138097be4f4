//! Arguments that are taken in the wrong way.
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
async fn f(change: &Change<Device, Power>) -> Result<()> {
    Ok(())
}

#[on_change(Device.Status)]
async fn g(cx: Cx) -> Result<()> {
    Ok(())
}

#[on_change(Device.Status, leader)]
async fn h(leadership: Leadership) -> Result<()> {
    Ok(())
}

#[on_change(Device.Status)]
async fn i(a: Change<Device, Power>, b: Change<Device, Power>) -> Result<()> {
    Ok(())
}

fn main() {}
