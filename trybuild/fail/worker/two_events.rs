//! One method for two events.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Default)]
struct Monitor;

#[worker]
impl Monitor {
    #[every("1s")]
    #[on_resync]
    async fn a(&mut self) -> Result<()> {
        Ok(())
    }
}

fn main() {}
