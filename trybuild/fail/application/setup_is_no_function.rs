//! What sets up is a function.
#![allow(unused)]

qlib::main!("app", setup = 5);
