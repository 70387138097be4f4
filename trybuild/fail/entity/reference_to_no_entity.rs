//! A reference to a struct that is no entity.
#![allow(unused)]

use qlib::prelude::*;

struct Room;

#[derive(Entity)]
struct Device {
    room: Option<Ref<Room>>,
}

fn main() {}
