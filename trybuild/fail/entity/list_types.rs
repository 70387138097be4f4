//! Lists hold bytes or references.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Device {
    names: Vec<String>,
    table: std::collections::HashMap<String, i64>,
}

fn main() {}
