//! A handler that is one under a condition.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Default)]
struct Monitor;

#[worker]
impl Monitor {
    #[cfg_attr(unix, every("1s"))]
    async fn a(&mut self) -> Result<()> {
        Ok(())
    }
}

fn main() {}
