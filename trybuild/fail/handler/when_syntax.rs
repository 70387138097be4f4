//! Conditions that are empty or given twice.
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

#[on_change(Device.Temperature, when())]
async fn f() -> Result<()> {
    Ok(())
}

#[on_change(Device.Temperature, when(current > 1.0), when(current < 2.0))]
async fn g() -> Result<()> {
    Ok(())
}

fn main() {}
