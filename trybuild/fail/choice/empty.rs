//! A Choice needs a variant.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Choice)]
enum Power {}

fn main() {}
