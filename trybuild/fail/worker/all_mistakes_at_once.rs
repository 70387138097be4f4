//! Each mistake of a block is one error.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Default)]
struct Monitor;

#[worker(leadr)]
impl Monitor {
    #[init]
    fn a(&mut self) -> Result<()> {
        Ok(())
    }
    #[every("soon")]
    async fn b(&mut self) -> Result<()> {
        Ok(())
    }
    #[every("1s")]
    async fn c(&mut self, count: i64) -> Result<()> {
        Ok(())
    }
    #[every("1s")]
    async fn d(&mut self) -> Result<()> {
        Ok(())
    }
}

fn main() {}
