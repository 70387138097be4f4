//! A tree as the parts of a snapshot, and a tree from them: `proto/qlib/snapshot.proto`.
//!
//! Writing needs no more memory than one part takes, and a clone of the tree, which shares with the
//! tree all that does not change meanwhile.

mod families;
mod load;
mod save;
mod stamps;
mod values;

pub(crate) use load::Load;
pub(crate) use save::Part;

/// Slots of one part at most: few enough that who writes a snapshot can often give way to others.
const SLOTS: usize = 512;

/// Bytes of text and files after which a part ends.
const BYTES: usize = 1 << 20;
