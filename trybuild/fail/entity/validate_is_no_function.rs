//! `validate` names a function.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Device {
    #[field(validate = |value| Ok(()))]
    value: f64,
}

fn main() {}
