//! Functions that do not check the field.
#![allow(unused)]

use qlib::prelude::*;

fn check(number: &i64) -> std::result::Result<(), String> {
    if *number > 0 {
        Ok(())
    } else {
        Err(String::new())
    }
}

#[derive(Entity)]
struct Device {
    #[field(validate = check)]
    value: f64,
}

fn main() {}
