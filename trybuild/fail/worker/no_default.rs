//! A worker that nothing can make.
#![allow(unused)]

use qlib::prelude::*;

struct Monitor {
    seen: u64,
}

#[worker]
impl Monitor {
    #[every("1s")]
    async fn tick(&mut self) -> Result<()> {
        self.seen += 1;
        Ok(())
    }
}

fn main() {}
