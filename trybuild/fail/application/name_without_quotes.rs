//! A name stands in quotes.
#![allow(unused)]

qlib::main!(smart_home);
