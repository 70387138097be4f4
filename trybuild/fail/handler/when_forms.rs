//! Conditions that are not one expression.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity, Debug)]
struct Device {
    temperature: f64,
}

#[on_change(Device.Temperature, when(let hot = 1))]
async fn f() -> Result<()> {
    Ok(())
}

#[on_change(Device.Temperature, when(current; true))]
async fn g() -> Result<()> {
    Ok(())
}

#[on_change(Device.Temperature, when(current > 1.0, current < 2.0))]
async fn h() -> Result<()> {
    Ok(())
}

fn main() {}
