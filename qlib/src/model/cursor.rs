//! How far a handler has come, whatever process it runs in.

use std::fmt;

use smol_str::SmolStr;

use crate::model::{Revision, Timestamp};

/// Where a durable cursor stands: what its handler is done with, and need not do again when the
/// process has ended and another one goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cursor {
    /// The changes of all commits up to one, and some of the next.
    Changes {
        /// The last commit that is done as a whole.
        revision: Revision,
        /// How many changes of the commit behind it are done.
        offset: u64,
    },
    /// The ticks of a timer up to the one of this time.
    Ticks(Timestamp),
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changes {
                revision,
                offset: 0,
            } => write!(f, "revision {revision}"),
            Self::Changes { revision, offset } => {
                write!(f, "change {offset} of revision {}", revision + 1)
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
