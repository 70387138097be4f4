//! A worker that is called nothing, and one that starts after itself.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Default)]
struct Monitor;

#[worker(name = "")]
impl Monitor {
    #[init]
    async fn a(&mut self) -> Result<()> {
        Ok(())
    }
}

#[derive(Default)]
struct Other;

#[worker(after = Other)]
impl Other {
    #[init]
    async fn a(&mut self) -> Result<()> {
        Ok(())
    }
}

fn main() {}
