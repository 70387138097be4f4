//! Which fields refer to an entity.

use std::hint::black_box;
use std::ops::Bound;

use crate::model::FieldId;
use crate::tree::chunked::{Chunked, Slots};
use crate::tree::ordered::OrderedSet;

/// A field that refers to a node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Referrer {
    pub(crate) target: u32,
    pub(crate) node: u32,
    pub(crate) field: FieldId,
}

/// The fields that refer to each node, under its number. Most nodes have one or none, so that one
/// needs no memory of its own.
#[derive(Clone, Default, Debug)]
pub(crate) struct Referrers(Chunked<Slots<Referring>>);

/// The fields that refer to one node, and the nodes that have them.
#[derive(Clone, Default, Debug)]
enum Referring {
    #[default]
    None,
    One((u32, FieldId)),
    Many(OrderedSet<(u32, FieldId)>),
}

impl Referrers {
    /// Looks at the fields that refer to a node, and waits for nothing.
    pub(crate) fn fetch(&self, target: u32) {
        black_box(matches!(self.0.get(target as usize), Some(Referring::None)));
    }

    pub(crate) fn insert(&mut self, referrer: Referrer) {
        let key = (referrer.node, referrer.field);
        let referring = self.0.get_mut(referrer.target as usize);
        match referring {
            Referring::None => *referring = Referring::One(key),
            Referring::One(known) if *known == key => {}
            Referring::One(known) => {
                let mut many = OrderedSet::default();
                many.insert(*known);
                many.insert(key);
                *referring = Referring::Many(many);
            }
            Referring::Many(many) => many.insert(key),
        }
    }

    pub(crate) fn remove(&mut self, referrer: Referrer) {
        let key = (referrer.node, referrer.field);
        let referring = self.0.get_mut(referrer.target as usize);
        match referring {
            Referring::One(known) if *known == key => *referring = Referring::None,
            Referring::Many(many) => {
                many.remove(&key);
                let two = {
                    let mut left = many.range_from(Bound::Unbounded).copied();
                    (left.next(), left.next())
                };
                if let (Some(last), None) = two {
                    *referring = Referring::One(last);
                }
            }
            Referring::None | Referring::One(_) => {}
        }
    }

    /// Those that refer to a node.
    pub(crate) fn of(&self, target: u32) -> impl Iterator<Item = Referrer> {
        let (one, many) = match self.0.get(target as usize) {
            None | Some(Referring::None) => (None, None),
            Some(Referring::One(key)) => (Some(key), None),
            Some(Referring::Many(many)) => (None, Some(many.range_from(Bound::Unbounded))),
        };
        let keys = one.into_iter().chain(many.into_iter().flatten());
        keys.map(move |(node, field)| Referrer {
            target,
            node: *node,
            field: *field,
        })
    }
}
