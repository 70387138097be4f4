//! An entity has no parameters.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Device<T> {
    status: T,
}

fn main() {}
