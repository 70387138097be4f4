//! Keys that a durable cursor has no room for, and names that are none.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity, Debug)]
struct Device {
    on: bool,
    temperature: f64,
}

#[on_change(Device.On, durable = "a", keyed)]
async fn a() -> Result<()> {
    Ok(())
}

#[on_change(Device.On, latest, durable = "b")]
async fn b() -> Result<()> {
    Ok(())
}

#[on_change(Device.On, durable = "c", initial)]
async fn c() -> Result<()> {
    Ok(())
}

#[on_change(Device.Temperature, durable = "d", min_interval = "1s", deadband = 0.5)]
async fn d() -> Result<()> {
    Ok(())
}

#[on_create(Device, durable = "")]
async fn e() -> Result<()> {
    Ok(())
}

#[on_delete(Device, durable)]
async fn f() -> Result<()> {
    Ok(())
}

#[on_move(Device, durable = "home/moves")]
async fn g() -> Result<()> {
    Ok(())
}

#[derive(Default)]
struct Auditor;

#[worker]
impl Auditor {
    #[on_change(Device.On, durable = "audit")]
    async fn switched(&mut self) -> Result<()> {
        Ok(())
    }

    #[on_create(Device, durable = "audit")]
    async fn made(&mut self) -> Result<()> {
        Ok(())
    }
}

fn main() {}
