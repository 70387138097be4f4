//! One start for each worker.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Default)]
struct Monitor;

#[worker]
impl Monitor {
    #[init]
    async fn a(&mut self) -> Result<()> {
        Ok(())
    }
    #[init]
    async fn b(&mut self) -> Result<()> {
        Ok(())
    }
}

fn main() {}
