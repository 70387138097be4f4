//! The values of a column as lists of their kind.

use std::sync::Arc;

use crate::model::{EntityId, Timestamp};
use crate::tree::chunked::Chunked;
use crate::tree::column::{Cells, Column, PackedStamp, read, write};
use crate::wire::{Malformed, entity_id, from_entity_id, proto::snapshot as proto};

const FEWER: Malformed = Malformed("fewer values than stamps");

/// Values of slots that follow each other, on their way out.
#[derive(Default)]
pub(super) struct Writer {
    message: proto::Column,
    bytes: Vec<u8>,
    /// The Timestamp before.
    time: i64,
}

impl Writer {
    /// About how many bytes there are so far.
    pub(super) fn size(&self) -> usize {
        self.message.text.len() + self.bytes.len() + self.message.high.len() * 16
    }

    /// Writes the value of the next slot that has one.
    pub(super) fn push(&mut self, column: &Column, slot: u32) {
        let message = &mut self.message;
        match column {
            Column::Int(cells) => message.numbers.extend(read(cells, slot)),
            Column::Float(cells) => message.floats.extend(read(cells, slot)),
            Column::Text(cells) => {
                let text = read(cells, slot).map_or("", |text| text.as_str());
                message.text.push_str(text);
                message.lengths.push(text.len() as u32);
            }
            Column::Bool(cells) => {
                let number = read(cells, slot).map(|value| i64::from(*value));
                message.numbers.extend(number);
            }
            Column::Bytes(cells) => {
                let bytes = read(cells, slot).map_or(&[][..], |bytes| bytes);
                self.bytes.extend_from_slice(bytes);
                message.lengths.push(bytes.len() as u32);
            }
            Column::Reference(cells) => {
                let node = read(cells, slot).map(|node| i64::from(*node));
                message.numbers.extend(node);
            }
            Column::Time(cells) => {
                let time = read(cells, slot).map_or(0, |time| time.as_nanos());
                message.numbers.push(time.wrapping_sub(self.time));
                self.time = time;
            }
            Column::Choice(cells) => {
                let variant = read(cells, slot).map(|variant| i64::from(*variant));
                message.numbers.extend(variant);
            }
            Column::List(cells) => {
                let ids = read(cells, slot).map_or(&[][..], |ids| ids);
                for id in ids {
                    let (high, low) = entity_id(*id);
                    message.high.push(high);
                    message.low.push(low);
                }
                message.lengths.push(ids.len() as u32);
            }
        }
    }

    pub(super) fn finish(self) -> proto::Column {
        proto::Column {
            bytes: self.bytes.into(),
            ..self.message
        }
    }
}

/// Stores the values of a part in its column; a Choice has so many `variants`.
pub(super) fn load(
    column: &mut Column,
    message: &proto::Column,
    stamps: &[PackedStamp],
    variants: usize,
) -> Result<(), Malformed> {
    let first = message.first;
    let mut numbers = message.numbers.iter().copied();
    let mut number = || numbers.next().ok_or(FEWER);
    let mut lengths = message.lengths.iter().map(|length| *length as usize);
    let mut start = 0;
    let mut range = || {
        let length = lengths.next().ok_or(FEWER)?;
        start += length;
        Ok(start - length..start)
    };
    match column {
        Column::Int(cells) => fill(cells, first, stamps, number),
        Column::Float(cells) => {
            let mut floats = message.floats.iter().copied();
            fill(cells, first, stamps, || floats.next().ok_or(FEWER))
        }
        Column::Text(cells) => fill(cells, first, stamps, || {
            let text = message.text.get(range()?).ok_or(FEWER)?;
            Ok(text.into())
        }),
        Column::Bool(cells) => fill(cells, first, stamps, || Ok(number()? != 0)),
        Column::Bytes(cells) => fill(cells, first, stamps, || {
            let bytes = message.bytes.get(range()?).ok_or(FEWER)?;
            Ok(bytes.into())
        }),
        Column::Reference(cells) => fill(cells, first, stamps, || {
            u32::try_from(number()?).map_err(|_| Malformed("a reference to no entity"))
        }),
        Column::Time(cells) => {
            let mut time = 0i64;
            fill(cells, first, stamps, || {
                time = time.wrapping_add(number()?);
                Ok(Timestamp::from_nanos(time))
            })
        }
        Column::Choice(cells) => fill(cells, first, stamps, || {
            let variant = u16::try_from(number()?).unwrap_or(u16::MAX);
            let known = usize::from(variant) < variants;
            known
                .then_some(variant)
                .ok_or(Malformed("a variant that the type lacks"))
        }),
        Column::List(cells) => fill(cells, first, stamps, || {
            let range = range()?;
            let (Some(high), Some(low)) = (message.high.get(range.clone()), message.low.get(range))
            else {
                return Err(FEWER);
            };
            let ids = high.iter().zip(low);
            let ids = ids.map(|(high, low)| from_entity_id(*high, *low));
            Ok(ids.collect::<Arc<[EntityId]>>())
        }),
    }
}

/// Writes slots that follow each other, those that were ever written.
fn fill<T: Clone + Default>(
    cells: &mut Chunked<Cells<T>>,
    first: u32,
    stamps: &[PackedStamp],
    mut next: impl FnMut() -> Result<T, Malformed>,
) -> Result<(), Malformed> {
    for (slot, stamp) in (first..).zip(stamps) {
        if stamp.has_value() {
            write(cells, slot, next()?, *stamp);
        } else if stamp.revision() != 0 {
            write(cells, slot, T::default(), *stamp);
        }
    }
    Ok(())
}
