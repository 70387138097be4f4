//! A misspelt key.
#![allow(unused)]

qlib::main!("app", setpu = |app| {});
