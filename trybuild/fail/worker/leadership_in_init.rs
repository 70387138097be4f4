//! Nobody leads when a worker starts.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Default)]
struct Monitor;

#[worker(leader)]
impl Monitor {
    #[init]
    async fn a(&mut self, leadership: &Leadership) -> Result<()> {
        Ok(())
    }
}

fn main() {}
