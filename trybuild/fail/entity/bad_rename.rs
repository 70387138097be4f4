//! A name that no path can name.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Device {
    #[field(rename = "on/off")]
    state: bool,
    #[field(rename = "Self")]
    me: bool,
}

fn main() {}
