//! A worker has no parameters.
#![allow(unused)]

use qlib::prelude::*;

struct Monitor<T>(T);

#[worker]
impl<T> Monitor<T> {
    #[init]
    async fn init(&mut self) -> Result<()> {
        Ok(())
    }
}

fn main() {}
