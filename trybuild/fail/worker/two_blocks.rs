//! One block for each type.
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
}

#[worker]
impl Monitor {
    #[init]
    async fn b(&mut self) -> Result<()> {
        Ok(())
    }
}

fn main() {}
