//! An attribute that names no field.
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

#[on_change]
async fn f() -> Result<()> {
    Ok(())
}

#[on_change(Device)]
async fn g() -> Result<()> {
    Ok(())
}

#[on_change("Device.Status")]
async fn h() -> Result<()> {
    Ok(())
}

#[on_create(Device.Status)]
async fn i() -> Result<()> {
    Ok(())
}

fn main() {}
