//! Live objects.

mod model;
mod tree;

pub use model::*;
pub use tree::{Answer, Changes, Entities, EntityRef, Found, Lens, Select, Source, Tree, resolve};
