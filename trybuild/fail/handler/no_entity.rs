//! A struct that is no entity.
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

struct Thing;

#[on_change(Thing.Status)]
async fn f(change: Change<Thing, Power>) -> Result<()> {
    Ok(())
}

fn main() {}
