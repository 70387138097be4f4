//! Cursors as messages.

use crate::model::{Cursor, Position, Timestamp};
use crate::wire::Malformed;
use crate::wire::proto::model as proto;
use crate::wire::proto::model::cursor::Done;

impl From<Cursor> for proto::Cursor {
    fn from(cursor: Cursor) -> Self {
        let done = match cursor {
            Cursor::Changes(position) => Done::Changes(proto::Position {
                epoch: position.epoch,
                revision: position.revision,
                chain: position.chain,
                read: position.read,
            }),
            Cursor::Ticks(time) => Done::Ticks(time.as_nanos()),
        };
        Self { done: Some(done) }
    }
}

impl TryFrom<proto::Cursor> for Cursor {
    type Error = Malformed;

    fn try_from(cursor: proto::Cursor) -> Result<Self, Malformed> {
        match cursor.done {
            Some(Done::Changes(position)) => Ok(Self::Changes(Position {
                epoch: position.epoch,
                revision: position.revision,
                chain: position.chain,
                read: position.read,
            })),
            Some(Done::Ticks(time)) => Ok(Self::Ticks(Timestamp::from_nanos(time))),
            None => Err(Malformed("a cursor of a newer version")),
        }
    }
}
