//! Values that make no sense.
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

#[on_change(Device.Temperature, deadband = 0.0)]
async fn f() -> Result<()> {
    Ok(())
}

#[on_change(Device.Temperature, writes, deadband = 1.0)]
async fn g() -> Result<()> {
    Ok(())
}

#[on_change(Device.Temperature, retry(times = 0))]
async fn h() -> Result<()> {
    Ok(())
}

#[on_change(Device.Temperature, retry(first = "10s", max = "1s"))]
async fn i() -> Result<()> {
    Ok(())
}

fn main() {}
