//! What makes a worker gives that worker.
#![allow(unused)]

use qlib::prelude::*;

struct Monitor;

#[worker]
impl Monitor {
    fn new() -> Option<Self> {
        Some(Self)
    }
    #[init]
    async fn a(&mut self) -> Result<()> {
        Ok(())
    }
}

fn main() {}
