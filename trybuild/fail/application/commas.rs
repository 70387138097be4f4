//! Commas that separate nothing.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Device {
    #[field(index,, unique)]
    status: String,
    #[field(, history(keep = "1d",, deadband = 1.0))]
    level: f64,
    #[field(index,)]
    fine: bool,
}

#[on_change(Device.Level,, own)]
async fn f() -> Result<()> {
    Ok(())
}

#[on_change(Device.Level, own,, context(a = Device.Name,,))]
async fn g(a: String) -> Result<()> {
    Ok(())
}

#[derive(Default)]
struct Monitor;

#[worker(leader,,)]
impl Monitor {}

qlib::main!("commas",, setup = |app| {});
