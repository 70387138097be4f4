//! What the attributes say is not what the lock says.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Lamp {
    #[field(range(0..=200), index)]
    level: i64,
    hours: Option<i64>,
}

#[derive(Entity)]
struct Room {}

#[derive(Entity)]
#[entity(unlocked)]
struct Sample {}

fn main() {}
