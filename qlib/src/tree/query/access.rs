//! Where to look: an index, or the children of a parent, when that leaves few entities.

use std::ops::Bound;

use smol_str::SmolStr;

use crate::model::{FieldId, Operator, Value, ValueRef};
use crate::tree::Tree;
use crate::tree::index::{Index, Key};
use crate::tree::query::bind::{Leaf, Probe, Test};

/// Nodes that are looked at before an index is asked for more of them than the last time.
const FIRST: usize = 64;

/// The nodes that can pass, and maybe others, if there is a way to find them that gives no more than
/// `most`. The rest of the test is still to be done.
pub(super) fn candidates(tree: &Tree, test: &Test<'_>, most: usize) -> Option<Vec<u32>> {
    match test {
        Test::Leaf(_) => narrowest(tree, std::slice::from_ref(test), most),
        Test::Every(parts) => narrowest(tree, parts, most),
        Test::Any(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.append(&mut candidates(tree, part, most - all.len())?);
            }
            Some(all)
        }
    }
}

/// The nodes of whichever part leaves the fewest: all are tried with little, then with more.
fn narrowest(tree: &Tree, parts: &[Test<'_>], most: usize) -> Option<Vec<u32>> {
    let ways = ways(tree, parts);
    let choices = || parts.iter().filter(|part| matches!(part, Test::Any(_)));
    if ways.is_empty() && choices().next().is_none() {
        return None;
    }
    let mut budget = FIRST.min(most);
    loop {
        let found = ways
            .iter()
            .find_map(|way| way.nodes(tree, budget))
            .or_else(|| choices().find_map(|part| candidates(tree, part, budget)));
        if found.is_some() || budget == most {
            return found;
        }
        budget = (budget * 8).min(most);
    }
}

/// A way to nodes that pass a part of a test.
enum Way<'a> {
    Index {
        field: FieldId,
        index: &'a Index,
        start: Start,
        ends: Vec<End>,
    },
    Children(u32),
}

/// Where the nodes of an index begin to pass.
type Start = Bound<(Key, u32)>;

/// Where the nodes of an index stop to pass.
enum End {
    Above(Key),
    From(Key),
    NoPrefix(SmolStr),
}

/// The ways of all parts; what they ask of one field is one way.
fn ways<'a>(tree: &'a Tree, parts: &[Test<'_>]) -> Vec<Way<'a>> {
    let mut ways: Vec<Way<'a>> = Vec::new();
    for part in parts {
        let Test::Leaf(leaf) = part else { continue };
        if let Probe::Parent(parent, true) = leaf.probe {
            ways.push(Way::Children(parent));
            continue;
        }
        let Some((from, until)) = range(leaf) else {
            continue;
        };
        let known = ways.iter_mut().find_map(|way| match way {
            Way::Index {
                field, start, ends, ..
            } if *field == leaf.field => Some((start, ends)),
            _ => None,
        });
        if let Some((start, ends)) = known {
            if begins_after(&from, start) {
                *start = from;
            }
            ends.extend(until);
        } else if let Some(index) = tree.indexes.get(&leaf.field) {
            ways.push(Way::Index {
                field: leaf.field,
                index,
                start: from,
                ends: until.into_iter().collect(),
            });
        }
    }
    ways
}

/// What a leaf asks of an index.
fn range(leaf: &Leaf<'_>) -> Option<(Start, Option<End>)> {
    let (operator, value) = leaf.sought?;
    let key = match value {
        // There is one zero.
        Value::Float(value) => Key::of(ValueRef::Float(value + 0.0)),
        value => Key::of(value.as_ref()),
    }?;
    let from = |key: &Key| Bound::Included((key.clone(), 0));
    Some(match (operator, value) {
        (Operator::Eq, _) => (from(&key), Some(End::Above(key))),
        (Operator::Ge, _) => (from(&key), None),
        (Operator::Gt, _) => (Bound::Excluded((key, u32::MAX)), None),
        (Operator::Le, _) => (Bound::Unbounded, Some(End::Above(key))),
        (Operator::Lt, _) => (Bound::Unbounded, Some(End::From(key))),
        (Operator::StartsWith, Value::String(text)) => {
            (from(&key), Some(End::NoPrefix(text.clone())))
        }
        _ => return None,
    })
}

fn begins_after(start: &Start, other: &Start) -> bool {
    match (start, other) {
        (Bound::Unbounded, _) => false,
        (_, Bound::Unbounded) => true,
        (
            Bound::Included(start) | Bound::Excluded(start),
            Bound::Included(other) | Bound::Excluded(other),
        ) => start > other,
    }
}

impl Way<'_> {
    /// Its nodes, unless there are more than `most`.
    fn nodes(&self, tree: &Tree, most: usize) -> Option<Vec<u32>> {
        let mut nodes = Vec::new();
        let mut take = |node| {
            nodes.push(node);
            nodes.len() <= most
        };
        let all = match self {
            Self::Children(parent) => tree.children_of(*parent).all(&mut take),
            Self::Index {
                index, start, ends, ..
            } => index
                .range_from(start.as_ref())
                .take_while(|(key, _)| ends.iter().all(|end| !end.is_before(key)))
                .all(|(_, node)| take(*node)),
        };
        all.then_some(nodes)
    }
}

impl End {
    fn is_before(&self, key: &Key) -> bool {
        match self {
            Self::Above(end) => key > end,
            Self::From(end) => key >= end,
            Self::NoPrefix(prefix) => {
                !matches!(key, Key::Text(text) if text.starts_with(prefix.as_str()))
            }
        }
    }
}
