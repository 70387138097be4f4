//! How far a handler has come, whatever process it runs in.

use std::fmt;

use smol_str::SmolStr;

use crate::model::{Position, Timestamp};

/// Where a durable cursor stands: what its handler is done with, and need not do again when the
/// process has ended and another one goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cursor {
    /// The changes up to this position.
    Changes(Position),
    /// The ticks of a timer up to the one of this time.
    Ticks(Timestamp),
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changes(Position {
                revision,
                read: None,
                ..
            }) => write!(f, "revision {revision}"),
            Self::Changes(position) => {
                let (offset, revision) = (position.offset(), position.revision);
                write!(f, "change {offset} of revision {revision}")
            }
            Self::Ticks(time) => time.fmt(f),
        }
    }
}

/// A step of a durable cursor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CursorMove {
    /// The cursor.
    pub name: SmolStr,
    /// Where it stands before; `None` makes it.
    pub from: Option<Cursor>,
    /// Where it stands afterwards; `None` removes it.
    pub to: Option<Cursor>,
}
