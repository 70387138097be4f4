//! `cargo xtask demo | test | bench | campaign | codegen | ci`.

fn main() {}
