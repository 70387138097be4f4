//! A method's `#[cfg]` holds for its registration, a function's for its worker.
#![deny(warnings)]
#![allow(clippy::non_minimal_cfg)]

use qlib::prelude::*;

#[derive(Default)]
struct Monitor;

#[cfg(all())]
#[worker]
impl Monitor {
    #[cfg(any())]
    #[init]
    async fn init(&mut self) -> Result<()> {
        absent
    }

    #[cfg(all())]
    #[init]
    async fn init(&mut self) -> Result<()> {
        Ok(())
    }

    #[cfg(any())]
    fn new() -> Self {
        absent
    }

    #[every("1s")]
    #[cfg(any())]
    async fn tick(&mut self) -> Result<()> {
        absent
    }
}

#[every("1s")]
#[cfg(any())]
async fn absent() -> Result<()> {
    absent
}

#[every("1s")]
#[cfg(all())]
async fn present() -> Result<()> {
    Ok(())
}

#[worker]
#[cfg(any())]
impl Absent {
    #[init]
    async fn init(&mut self) -> Result<()> {
        Ok(())
    }
}

qlib::main!("conditional");
