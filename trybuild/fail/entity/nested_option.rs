//! A field is unset or not.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Device {
    status: Option<Option<i64>>,
}

fn main() {}
