//! Live objects.

mod model;
mod tree;

pub use model::*;
pub use tree::{Changes, Entities, EntityRef, Lens, Tree, resolve};
