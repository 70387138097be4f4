//! Fields have names.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Device(String);

fn main() {}
