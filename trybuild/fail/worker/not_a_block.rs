//! The attribute stands on the block.
#![allow(unused)]

use qlib::prelude::*;

#[worker]
struct Monitor;

fn main() {}
