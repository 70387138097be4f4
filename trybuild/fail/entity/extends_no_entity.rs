//! A base that is no entity.
#![allow(unused)]

use qlib::prelude::*;

struct Base;

#[derive(Entity)]
#[entity(extends = Base)]
struct Lamp {
    brightness: i64,
}

fn main() {}
