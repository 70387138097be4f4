//! An attribute of an event on a struct.
#![allow(unused)]

use qlib::prelude::*;

#[every("1s")]
struct Tick;

fn main() {}
