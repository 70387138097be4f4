//! Live objects: a typed, hierarchical, durable, real-time object store with workers.

mod model;

pub use model::*;
