//! An attribute that names no signal.
#![allow(unused)]

use qlib::prelude::*;

#[on_signal]
async fn f() -> Result<()> {
    Ok(())
}

#[on_signal(hot)]
async fn g() -> Result<()> {
    Ok(())
}

#[on_signal(Oven.hot)]
async fn h(a: f64, b: f64) -> Result<()> {
    Ok(())
}

fn main() {}
