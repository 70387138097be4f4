//! Attributes of a field on the struct, and of the struct on a field.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
#[field(index)]
struct Device {
    #[entity(rename = "On")]
    status: bool,
    #[field]
    other: bool,
}

fn main() {}
