//! Queries: a condition is bound to the columns of each type, the slots of a chunk are tested at
//! once, and an index says where to look when it leaves few.

mod access;
mod answer;
mod bind;
mod scan;
mod select;
#[cfg(test)]
mod tests;
mod token;

pub use answer::Answer;
pub use select::{Found, Select, Source};
