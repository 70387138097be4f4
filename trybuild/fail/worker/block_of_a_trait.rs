//! The block is not one of a trait.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Default)]
struct Monitor;

#[worker]
impl Drop for Monitor {
    fn drop(&mut self) {}
}

fn main() {}
