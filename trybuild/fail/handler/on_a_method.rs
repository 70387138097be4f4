//! A method whose block is no worker.
#![allow(unused)]

use qlib::prelude::*;

struct Monitor;

impl Monitor {
    #[every("1s")]
    async fn tick(&mut self) -> Result<()> {
        Ok(())
    }
}

fn main() {}
