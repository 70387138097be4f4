//! Misspelt and malformed keys.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Default)]
struct Monitor;

#[worker(leadr)]
impl Monitor {
    #[init]
    async fn a(&mut self) -> Result<()> {
        Ok(())
    }
}

#[derive(Default)]
struct Other;

#[worker(after = [Monitor], name = Other)]
impl Other {
    #[init]
    async fn a(&mut self) -> Result<()> {
        Ok(())
    }
}

fn main() {}
