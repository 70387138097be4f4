//! Names that are taken.
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

#[on_change(Device.Status, context(a = Device.Name, a = Device.Room))]
async fn f() -> Result<()> {
    Ok(())
}

#[on_change(Device.Status, context(change = Device.Name))]
async fn g() -> Result<()> {
    Ok(())
}

#[on_change(Device.Status, context(cx = Device.Name, previous = Device.Room))]
async fn h() -> Result<()> {
    Ok(())
}

fn main() {}
