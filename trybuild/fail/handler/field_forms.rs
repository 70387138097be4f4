//! Fields that are written in the wrong form.
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

#[on_change(Device::Status)]
async fn a() -> Result<()> {
    Ok(())
}

#[on_change(Device.Room -> Room.Floor)]
async fn b() -> Result<()> {
    Ok(())
}

#[on_change(Device.Status.On)]
async fn c() -> Result<()> {
    Ok(())
}

#[on_change(Device.Status own)]
async fn d() -> Result<()> {
    Ok(())
}

#[on_change(Device.Status, Device.Temperature)]
async fn e() -> Result<()> {
    Ok(())
}

#[on_change(Device.)]
async fn f() -> Result<()> {
    Ok(())
}

#[on_change(Device<Power>.Status)]
async fn g() -> Result<()> {
    Ok(())
}

#[on_change(Device.Status, context(a = Device.Room ->))]
async fn h() -> Result<()> {
    Ok(())
}

fn main() {}
