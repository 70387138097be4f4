//! A worker that starts after what is none.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Default)]
struct Monitor;

struct Other;

#[worker(after = Other)]
impl Monitor {
    #[init]
    async fn a(&mut self) -> Result<()> {
        Ok(())
    }
}

fn main() {}
