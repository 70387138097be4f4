//! Crates are named as in `use`.
#![allow(unused)]

qlib::main!("app", modules = ["devices"]);
