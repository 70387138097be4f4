//! What makes a worker does not wait.
#![allow(unused)]

use qlib::prelude::*;

struct Monitor;

#[worker]
impl Monitor {
    async fn new() -> Self {
        Self
    }
    #[init]
    async fn a(&mut self) -> Result<()> {
        Ok(())
    }
}

fn main() {}
