//! Timers that are persistent in no way that there is.
#![allow(unused)]

use qlib::prelude::*;

#[every("1h", persistent = "a", catch_up = "al")]
async fn a() -> Result<()> {
    Ok(())
}

#[every("1h", persistent = "b", catch_up = "newest")]
async fn b() -> Result<()> {
    Ok(())
}

#[every("1h", catch_up = "all")]
async fn c() -> Result<()> {
    Ok(())
}

#[every("1h", persistent)]
async fn d() -> Result<()> {
    Ok(())
}

#[every("1h", persistent = " ")]
async fn e() -> Result<()> {
    Ok(())
}

#[every("1h", durable = "f")]
async fn f() -> Result<()> {
    Ok(())
}

fn main() {}
