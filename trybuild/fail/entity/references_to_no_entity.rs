//! References to structs that are no entities, in every shape.
#![allow(unused)]

use qlib::prelude::*;

struct Room;

#[derive(Choice, Clone, Copy)]
enum Power {
    Off,
}

#[derive(Entity)]
struct Device {
    room: Ref<Room>,
    rooms: Vec<Ref<Room>>,
    power: Option<Vec<Ref<Power>>>,
}

fn main() {}
