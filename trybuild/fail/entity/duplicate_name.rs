//! Two fields with one name on the wire.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Device {
    status: bool,
    #[field(rename = "Status")]
    state: bool,
}

fn main() {}
