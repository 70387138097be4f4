//! An application has a name.
#![allow(unused)]

qlib::main!();
