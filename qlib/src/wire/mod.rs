//! What leaves the process: the messages of `proto/`, and how they and the model become each other.
//!
//! `generated/` is written by `cargo xtask codegen` and never edited.

mod cursor;
pub(crate) mod log;
mod model;

pub(crate) use model::{Malformed, entity_id, from_entity_id, nanos};

/// The version of the format of snapshots that is written, and the only one that is read.
pub(crate) const SNAPSHOT_VERSION: u32 = 1;

/// The messages.
#[expect(unreachable_pub, reason = "generated from proto/")]
#[rustfmt::skip]
pub(crate) mod proto {
    pub mod model {
        include!("generated/qlib.model.rs");
    }
    pub mod log {
        include!("generated/qlib.log.rs");
    }
    pub mod history {
        include!("generated/qlib.history.rs");
    }
    pub mod snapshot {
        include!("generated/qlib.snapshot.rs");
    }
}
