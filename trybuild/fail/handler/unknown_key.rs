//! Misspelt and repeated keys.
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

#[on_change(Device.Status, keyd)]
async fn f() -> Result<()> {
    Ok(())
}

#[on_change(Device.Status, own, own)]
async fn g() -> Result<()> {
    Ok(())
}

#[on_change(Device.Status, own = true)]
async fn h() -> Result<()> {
    Ok(())
}

#[on_change(Device.Status, retry(time = 5))]
async fn i() -> Result<()> {
    Ok(())
}

fn main() {}
