//! Types that every store has.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Entity)]
struct Root {}
#[derive(Entity)]
struct Service {}
#[derive(Entity)]
#[entity(rename = "DeadLetter")]
struct Letter {}

fn main() {}
