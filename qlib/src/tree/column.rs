//! The values of one field of one type, addressed by slots.

use std::sync::Arc;

use smol_str::SmolStr;

use crate::model::{EntityId, Kind, Quality, Stamp, Timestamp};
use crate::tree::bits::Bits;
use crate::tree::chunked::{CHUNK, Chunked};

/// A [`Stamp`] in 20 bytes: the quality takes the top two bits of the writer's number.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct PackedStamp([u32; 5]);

impl PackedStamp {
    pub(crate) const NEVER: Self = Self([0; 5]);

    const WRITER: u32 = u32::MAX >> 2;

    #[inline]
    pub(crate) fn has_value(self) -> bool {
        self.0[4] > Self::WRITER
    }

    #[inline]
    pub(crate) fn revision(self) -> u64 {
        u64::from(self.0[1]) << 32 | u64::from(self.0[0])
    }
}

impl From<Stamp> for PackedStamp {
    #[inline]
    fn from(stamp: Stamp) -> Self {
        let time = stamp.time.as_nanos().cast_unsigned();
        let writer = stamp.writer & Self::WRITER | (stamp.quality as u32) << 30;
        Self([
            stamp.revision as u32,
            (stamp.revision >> 32) as u32,
            time as u32,
            (time >> 32) as u32,
            writer,
        ])
    }
}

impl From<PackedStamp> for Stamp {
    fn from(packed: PackedStamp) -> Self {
        let time = u64::from(packed.0[3]) << 32 | u64::from(packed.0[2]);
        Self {
            revision: packed.revision(),
            time: Timestamp::from_nanos(time.cast_signed()),
            writer: packed.0[4] & PackedStamp::WRITER,
            quality: quality(packed.0[4] >> 30),
        }
    }
}

/// The quality of two bits.
pub(crate) fn quality(bits: u32) -> Quality {
    match bits & 3 {
        0 => Quality::Unset,
        1 => Quality::Good,
        2 => Quality::Restored,
        _ => Quality::Stale,
    }
}

/// Values and their stamps, side by side: who reads or scans does not touch the stamps.
#[derive(Clone, Debug)]
pub(crate) struct Cells<T> {
    /// The slots that have a value, as their stamps say.
    pub(crate) set: Bits,
    pub(crate) values: [T; CHUNK],
    pub(crate) stamps: [PackedStamp; CHUNK],
}

impl<T: Default> Default for Cells<T> {
    fn default() -> Self {
        Self {
            set: Bits::NONE,
            values: std::array::from_fn(|_| T::default()),
            stamps: [PackedStamp::default(); CHUNK],
        }
    }
}

impl<T> Cells<T> {
    /// Replaces what a slot of the chunk holds; says what that was.
    #[inline]
    pub(crate) fn replace(&mut self, at: usize, value: T, stamp: PackedStamp) -> (T, PackedStamp) {
        self.set.set(at, stamp.has_value());
        (
            std::mem::replace(&mut self.values[at], value),
            std::mem::replace(&mut self.stamps[at], stamp),
        )
    }
}

/// A column of the kind that its field has. A reference is stored as the number of the node that it
/// refers to, a Choice as its place among the variants.
#[derive(Clone, Debug)]
pub(crate) enum Column {
    Int(Chunked<Cells<i64>>),
    Float(Chunked<Cells<f64>>),
    Text(Chunked<Cells<SmolStr>>),
    Bool(Chunked<Cells<bool>>),
    Bytes(Chunked<Cells<Arc<[u8]>>>),
    Reference(Chunked<Cells<u32>>),
    Time(Chunked<Cells<Timestamp>>),
    Choice(Chunked<Cells<u16>>),
    List(Chunked<Cells<Arc<[EntityId]>>>),
}

/// Runs the same expression on whichever column it is.
macro_rules! any_column {
    ($column:expr, $cells:ident => $body:expr) => {
        match $column {
            Column::Int($cells) => $body,
            Column::Float($cells) => $body,
            Column::Text($cells) => $body,
            Column::Bool($cells) => $body,
            Column::Bytes($cells) => $body,
            Column::Reference($cells) => $body,
            Column::Time($cells) => $body,
            Column::Choice($cells) => $body,
            Column::List($cells) => $body,
        }
    };
}

impl Column {
    pub(crate) fn new(kind: Kind) -> Self {
        match kind {
            Kind::Int => Self::Int(Chunked::default()),
            Kind::Float => Self::Float(Chunked::default()),
            Kind::String | Kind::Transformation => Self::Text(Chunked::default()),
            Kind::Bool => Self::Bool(Chunked::default()),
            Kind::BinaryFile => Self::Bytes(Chunked::default()),
            Kind::EntityReference => Self::Reference(Chunked::default()),
            Kind::Timestamp => Self::Time(Chunked::default()),
            Kind::Choice => Self::Choice(Chunked::default()),
            Kind::EntityList => Self::List(Chunked::default()),
        }
    }

    /// Whether fields of that kind are stored like this.
    #[inline(always)]
    pub(crate) fn holds(&self, kind: Kind) -> bool {
        match self {
            Self::Int(_) => kind == Kind::Int,
            Self::Float(_) => kind == Kind::Float,
            Self::Text(_) => matches!(kind, Kind::String | Kind::Transformation),
            Self::Bool(_) => kind == Kind::Bool,
            Self::Bytes(_) => kind == Kind::BinaryFile,
            Self::Reference(_) => kind == Kind::EntityReference,
            Self::Time(_) => kind == Kind::Timestamp,
            Self::Choice(_) => kind == Kind::Choice,
            Self::List(_) => kind == Kind::EntityList,
        }
    }

    /// The stamp of a slot.
    #[inline]
    pub(crate) fn stamp(&self, slot: u32) -> PackedStamp {
        let slot = slot as usize;
        any_column!(self, cells => cells.chunk(slot).map_or(PackedStamp::default(), |chunk| chunk.stamps[slot % CHUNK]))
    }

    /// Which slots of the chunk that holds `slot` have a value.
    pub(crate) fn set(&self, slot: usize) -> Bits {
        any_column!(self, cells => cells.chunk(slot).map_or(Bits::NONE, |chunk| chunk.set))
    }

    /// Empties a slot.
    pub(crate) fn clear(&mut self, slot: u32) {
        if self.stamp(slot).revision() != 0 {
            let slot = slot as usize;
            any_column!(self, cells => {
                let chunk = cells.chunk_mut(slot);
                chunk.replace(slot % CHUNK, Default::default(), PackedStamp::NEVER);
            });
        }
    }

    /// How many chunks the two do not share.
    pub(crate) fn unshared(&self, other: &Self) -> usize {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.unshared(b),
            (Self::Float(a), Self::Float(b)) => a.unshared(b),
            (Self::Text(a), Self::Text(b)) => a.unshared(b),
            (Self::Bool(a), Self::Bool(b)) => a.unshared(b),
            (Self::Bytes(a), Self::Bytes(b)) => a.unshared(b),
            (Self::Reference(a), Self::Reference(b)) => a.unshared(b),
            (Self::Time(a), Self::Time(b)) => a.unshared(b),
            (Self::Choice(a), Self::Choice(b)) => a.unshared(b),
            (Self::List(a), Self::List(b)) => a.unshared(b),
            _ => 0,
        }
    }
}

/// Writes a slot of one column.
#[inline]
pub(crate) fn write<T: Clone + Default>(
    cells: &mut Chunked<Cells<T>>,
    slot: u32,
    value: T,
    stamp: PackedStamp,
) {
    let slot = slot as usize;
    cells.chunk_mut(slot).replace(slot % CHUNK, value, stamp);
}

/// Reads a slot of one column, unless it is unset.
#[inline]
pub(crate) fn read<T: Clone + Default>(cells: &Chunked<Cells<T>>, slot: u32) -> Option<&T> {
    let slot = slot as usize;
    let chunk = cells.chunk(slot)?;
    let at = slot % CHUNK;
    chunk.set.contains(at).then(|| &chunk.values[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_survives_packing() {
        let stamp = Stamp {
            revision: u64::MAX - 5,
            time: Timestamp::from_nanos(-7),
            writer: PackedStamp::WRITER,
            quality: Quality::Stale,
        };
        assert_eq!(Stamp::from(PackedStamp::from(stamp)), stamp);
        assert_eq!(Stamp::from(PackedStamp::default()), Stamp::NEVER);
    }
}
