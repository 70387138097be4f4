//! An enum is no entity.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
enum Device {
    On,
}

fn main() {}
