//! Misspelt keys of a field and of the struct.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
#[entity(extend = Base)]
struct Device {
    #[field(indx)]
    status: bool,
    #[field(max_lenght = 3)]
    text: String,
}

fn main() {}
