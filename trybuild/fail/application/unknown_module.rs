//! A crate that does not exist.
#![allow(unused)]

qlib::main!("app", modules = [devises]);
