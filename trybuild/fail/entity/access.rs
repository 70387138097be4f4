//! Roles that are none, and operations that are none.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Device {
    #[field(access)]
    a: i64,
    #[field(access())]
    b: i64,
    #[field(access(wirte = "operator"))]
    c: i64,
    #[field(access(write = operator))]
    d: i64,
    #[field(access(read = "", write = "a/b"))]
    e: i64,
}

fn main() {}
