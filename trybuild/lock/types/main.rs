//! What only the compiler knows of a type is not what the lock says.
#![allow(unused)]

use qlib::prelude::*;

type Number = f64;

#[derive(Choice, Clone, Copy)]
enum Mode {
    Off,
    Dim,
    On,
}

#[derive(Entity)]
struct Device {}

#[derive(Entity)]
#[entity(extends = Device)]
struct Lamp {
    level: Number,
    maker: String,
    mode: Mode,
    near: Option<Ref<Lamp>>,
    #[field(default = Mode::Dim)]
    same: Mode,
}

#[derive(Entity)]
#[entity(extends = Device)]
struct Bulb {}

fn main() {}
