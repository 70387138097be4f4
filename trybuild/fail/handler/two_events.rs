//! One function for two events.
#![allow(unused)]

use qlib::prelude::*;

#[on_leader]
#[on_follower]
async fn f() -> Result<()> {
    Ok(())
}

fn main() {}
