//! Context that says no value.
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

#[on_change(Device.Status, context(name))]
async fn f() -> Result<()> {
    Ok(())
}

#[on_change(Device.Status, context(Device.Name))]
async fn g() -> Result<()> {
    Ok(())
}

#[on_change(Device.Status, context(name = Device))]
async fn h() -> Result<()> {
    Ok(())
}

#[on_change(Device.Status, context())]
async fn i() -> Result<()> {
    Ok(())
}

fn main() {}
