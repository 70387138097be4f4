//! The macros of `qlib`; use them through that crate.
