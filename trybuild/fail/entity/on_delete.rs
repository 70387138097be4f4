//! Rules that are none or fit no reference.
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

#[derive(Entity)]
struct X {
    #[field(on_delete = "casade")]
    a: Ref<Room>,
    #[field(on_delete = "unset")]
    b: Ref<Room>,
}

fn main() {}
