//! A handler is not unsafe.
#![allow(unused)]

use qlib::prelude::*;

#[every("1s")]
async unsafe fn tick() -> Result<()> {
    Ok(())
}

fn main() {}
