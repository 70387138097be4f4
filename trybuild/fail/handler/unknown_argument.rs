//! An argument that nothing gives.
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

#[on_change(Device.Status, context(name = Device.Name))]
async fn f(nme: String) -> Result<()> {
    Ok(())
}

#[on_change(Device.Status)]
async fn g(change: Chnge<Device, Power>) -> Result<()> {
    Ok(())
}

#[every("1s")]
async fn h(count: i64) -> Result<()> {
    Ok(())
}

fn main() {}
