//! Many stamps in few bytes: most are those of their entity, or follow each other closely.

use crate::model::{Stamp, Timestamp};
use crate::tree::Tree;
use crate::tree::column::{PackedStamp, quality};
use crate::wire::{Malformed, proto::snapshot as proto};

const NEVER: u8 = 0;
const PLACED: u8 = 1;
const LAST: u8 = 2;
const NEXT: u8 = 3;

/// Stamps of slots that follow each other, on their way out.
pub(super) struct Writer {
    message: proto::Stamps,
    marks: Vec<u8>,
    last: Stamp,
}

impl Writer {
    /// Writes stamps of `tree`.
    pub(super) fn new(tree: &Tree) -> Self {
        Self {
            message: proto::Stamps::default(),
            marks: Vec::new(),
            last: first(tree),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.marks.len()
    }

    /// Writes the stamp of the next slot, whose entity was placed at `placed`.
    pub(super) fn push(&mut self, stamp: PackedStamp, placed: PackedStamp) {
        let mark = if stamp.revision() == 0 {
            NEVER
        } else if stamp == placed {
            PLACED
        } else {
            let stamp = Stamp::from(stamp);
            if stamp == self.last {
                LAST
            } else {
                let message = &mut self.message;
                let revisions = stamp.revision.wrapping_sub(self.last.revision);
                let (now, before) = (stamp.time.as_nanos(), self.last.time.as_nanos());
                message.revisions.push(revisions.cast_signed());
                message.times.push(now.wrapping_sub(before));
                message
                    .writers
                    .push(stamp.writer << 2 | stamp.quality as u32);
                self.last = stamp;
                NEXT
            }
        };
        self.marks.push(mark);
    }

    pub(super) fn finish(self) -> proto::Stamps {
        proto::Stamps {
            marks: self.marks.into(),
            ..self.message
        }
    }
}

/// What the first stamp of a part is compared with.
fn first(tree: &Tree) -> Stamp {
    Stamp {
        revision: tree.revision,
        time: tree.time,
        ..Stamp::NEVER
    }
}

/// Reads the stamps of slots whose entities were placed at what `placed` says.
pub(super) fn read(
    tree: &Tree,
    message: Option<&proto::Stamps>,
    placed: impl Fn(usize) -> PackedStamp,
) -> Result<Vec<PackedStamp>, Malformed> {
    let Some(message) = message else {
        return Ok(Vec::new());
    };
    let mut last = first(tree);
    let mut revisions = message.revisions.iter();
    let mut times = message.times.iter();
    let mut writers = message.writers.iter();
    let mut stamps = Vec::with_capacity(message.marks.len());
    for (at, mark) in message.marks.iter().enumerate() {
        stamps.push(match *mark {
            NEVER => PackedStamp::default(),
            PLACED => placed(at),
            LAST => last.into(),
            NEXT => {
                let (Some(revision), Some(time), Some(writer)) =
                    (revisions.next(), times.next(), writers.next().copied())
                else {
                    return Err(Malformed("fewer stamps than marks"));
                };
                if (writer >> 2) as usize >= tree.writers.len() {
                    return Err(Malformed("a stamp of an unknown writer"));
                }
                last = Stamp {
                    revision: last.revision.wrapping_add_signed(*revision),
                    time: Timestamp::from_nanos(last.time.as_nanos().wrapping_add(*time)),
                    writer: writer >> 2,
                    quality: quality(writer),
                };
                last.into()
            }
            _ => return Err(Malformed("a mark of a newer version")),
        });
    }
    Ok(stamps)
}
