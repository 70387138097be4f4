//! Handlers return a Result.
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
async fn f() {}

#[on_change(Device.Status)]
async fn g() -> u32 {
    1
}

#[on_change(Device.Status)]
async fn h() -> Result<u32> {
    Ok(1)
}

fn main() {}
