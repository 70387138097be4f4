//! A name that no entity can have.
#![allow(unused)]

qlib::main!("a/b");
