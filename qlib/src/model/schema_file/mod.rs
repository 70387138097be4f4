//! Schemas as a text file that people can read and that diffs well. It is TOML.

mod read;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use write::{Entries, field_entries, type_entries};
