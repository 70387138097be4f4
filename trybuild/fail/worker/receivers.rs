//! Handlers borrow the worker.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Default)]
struct Monitor;

#[worker]
impl Monitor {
    #[init]
    async fn a() -> Result<()> {
        Ok(())
    }
    #[deinit]
    async fn b(self) -> Result<()> {
        Ok(())
    }
    #[every("1s")]
    async fn c(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

fn main() {}
