//! Times that are none.
#![allow(unused)]

use qlib::prelude::*;

#[every("soon")]
async fn a() -> Result<()> {
    Ok(())
}

#[every("5")]
async fn b() -> Result<()> {
    Ok(())
}

#[every("5sec")]
async fn c() -> Result<()> {
    Ok(())
}

#[every("0s")]
async fn d() -> Result<()> {
    Ok(())
}

#[every(5)]
async fn e() -> Result<()> {
    Ok(())
}

#[every(second)]
async fn f() -> Result<()> {
    Ok(())
}

#[every]
async fn g() -> Result<()> {
    Ok(())
}

fn main() {}
