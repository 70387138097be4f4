//! The state machine in memory: the hierarchy, the columns, the indexes, and [`Tree::apply`].
//!
//! A field of a type is one column. An entity has a node, which says who it is, links, which say where
//! it stands, and a slot in the columns of its type. All of it is in chunks that a clone shares, so that a snapshot is a
//! clone and the writer copies no more than the chunks that it touches while the clone lives.

mod apply;
mod bits;
mod check;
mod chunked;
mod column;
mod cursors;
mod delete;
mod difference;
mod family;
mod index;
mod json;
mod locate;
mod names;
mod net;
mod ordered;
mod path;
mod place;
mod plain;
mod query;
mod read;
mod referrers;
mod rename;
mod restore;
mod rewind;
mod saved;
mod schema;
mod table;
#[cfg(test)]
mod tests;
mod types;
mod undo;
mod write;

use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::fast::RandomState;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use crate::model::{Cursor, EntityId, FieldId, Limits, Revision, Timestamp, TypeId};
use chunked::{Chunked, Slots};
use column::PackedStamp;
use index::Index;
use referrers::Referrers;
use table::Table;
use types::TypeTable;

pub use apply::Effects;
pub(crate) use apply::size as op_size;
pub(crate) use check::referred;
pub(crate) use json::Imported;
pub(crate) use locate::Location;
pub use path::{Lens, resolve};
pub use query::{Answer, Found, Select, Source};
pub use read::{Entities, EntityRef};
pub(crate) use rename::rename_in;
pub(crate) use saved::{Load, Part};

/// Who an entity is, and which slot of which columns is its own: all that a read by id needs. Node 0
/// stands for none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Node {
    id: EntityId,
    entity_type: u32,
    slot: u32,
}

impl Node {
    const NONE: Self = Self {
        id: EntityId::from_u128(0),
        entity_type: 0,
        slot: 0,
    };
}

impl Default for Node {
    fn default() -> Self {
        Self::NONE
    }
}

/// Where a node stands: below its parent, between its siblings.
#[derive(Clone, Default, Debug)]
struct Links {
    name: SmolStr,
    parent: u32,
    previous: u32,
    next: u32,
    /// When the entity was made, renamed or moved last.
    placed: PackedStamp,
}

/// The children of a node, which are linked to each other in order.
#[derive(Clone, Copy, Default, Debug)]
struct Family {
    first: u32,
    last: u32,
    count: u32,
    /// When a child came, went or was renamed last.
    revision: Revision,
}

/// A tree of entities at one revision. A clone is a snapshot.
#[derive(Clone, Debug)]
pub struct Tree {
    revision: Revision,
    /// When a type was declared or redefined last.
    schema_revision: Revision,
    time: Timestamp,
    limits: Limits,
    /// Tells field caches apart: another tree, or other schemas, have another tag.
    tag: u64,
    /// How many nodes were given back. Until the next one, each node is whose it was.
    released: u64,
    nodes: Chunked<Slots<Node>>,
    links: Chunked<Slots<Links>>,
    used: u32,
    free: Vec<u32>,
    families: Chunked<Slots<Family>>,
    by_id: Table,
    by_name: Table,
    hasher: RandomState,
    root: u32,
    types: Vec<TypeTable>,
    type_names: FxHashMap<SmolStr, TypeId>,
    /// Who declares a field and what it is called, by the field's number.
    fields: Arc<Vec<(TypeId, SmolStr)>>,
    writers: Arc<Vec<SmolStr>>,
    writer_numbers: Arc<FxHashMap<SmolStr, u32>>,
    last_writer: u32,
    indexes: FxHashMap<FieldId, Index>,
    referrers: Referrers,
    /// The highest fencing token of each election.
    fences: FxHashMap<SmolStr, u64>,
    /// Where durable cursors stand.
    cursors: FxHashMap<SmolStr, Cursor>,
}

impl Default for Tree {
    fn default() -> Self {
        let system = ["Name", "Description", "Parent", "Children"];
        Self {
            revision: 0,
            schema_revision: 0,
            time: Timestamp::EPOCH,
            limits: Limits::DEFAULT,
            tag: next_tag(),
            released: 0,
            nodes: Chunked::default(),
            links: Chunked::default(),
            used: 1,
            free: Vec::new(),
            families: Chunked::default(),
            by_id: Table::default(),
            by_name: Table::default(),
            hasher: RandomState::default(),
            root: 0,
            types: Vec::new(),
            type_names: FxHashMap::default(),
            fields: Arc::new(
                system
                    .map(|name| (names::NO_TYPE, SmolStr::new_static(name)))
                    .to_vec(),
            ),
            writers: Arc::new(vec![SmolStr::default()]),
            writer_numbers: Arc::new(std::iter::once((SmolStr::default(), 0)).collect()),
            last_writer: 0,
            indexes: FxHashMap::default(),
            referrers: Referrers::default(),
            fences: FxHashMap::default(),
            cursors: FxHashMap::default(),
        }
    }
}

fn next_tag() -> u64 {
    static TAG: AtomicU64 = AtomicU64::new(1);
    TAG.fetch_add(1, Ordering::Relaxed)
}

impl Tree {
    /// A tree without entities and types that has the limits of this one.
    pub(crate) fn without_types(&self) -> Self {
        Self {
            limits: self.limits,
            ..Self::default()
        }
    }

    /// The revision that was applied last.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Another number whenever the schemas, or the tree as a whole, have become others.
    pub(crate) fn tag(&self) -> u64 {
        self.tag
    }

    /// The revision that declared or redefined a type last.
    #[must_use]
    pub fn schema_revision(&self) -> Revision {
        self.schema_revision
    }

    /// The time of that revision.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How many entities there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.types.iter().map(TypeTable::len).sum()
    }

    /// Whether there is not even a Root.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.root == 0
    }

    /// The highest fencing token that was granted in an election.
    #[must_use]
    pub fn fence(&self, election: &str) -> u64 {
        self.fences.get(election).copied().unwrap_or(0)
    }

    /// How many chunks of columns the two do not share: what a writer has copied since the one was
    /// cloned from the other.
    #[must_use]
    pub fn unshared_column_chunks(&self, other: &Self) -> usize {
        self.types
            .iter()
            .zip(&other.types)
            .map(|(a, b)| a.unshared(b))
            .sum()
    }

    /// The writer with that number.
    #[must_use]
    pub(crate) fn writer(&self, number: u32) -> &SmolStr {
        &self.writers[number as usize % self.writers.len()]
    }

    #[inline]
    fn node(&self, node: u32) -> &Node {
        self.nodes.get(node as usize).unwrap_or(&Node::NONE)
    }

    #[inline]
    fn links(&self, node: u32) -> &Links {
        static NONE: Links = Links {
            name: SmolStr::new_static(""),
            parent: 0,
            previous: 0,
            next: 0,
            placed: PackedStamp::NEVER,
        };
        self.links.get(node as usize).unwrap_or(&NONE)
    }

    #[inline]
    fn find(&self, id: EntityId) -> Option<u32> {
        self.find_node(id).map(|(number, _)| number)
    }

    #[inline]
    fn find_node(&self, id: EntityId) -> Option<(u32, &Node)> {
        let mut found = None;
        let number = self.by_id.find(id_hash(id), |number| {
            found = self.nodes.get(number as usize);
            found.is_some_and(|node| node.id == id)
        })?;
        Some((number, found?))
    }

    fn name_hash(&self, parent: u32, name: &str) -> u64 {
        self.hasher.hash_one((parent, name))
    }

    fn find_child(&self, parent: u32, name: &str) -> Option<u32> {
        self.by_name.find(self.name_hash(parent, name), |node| {
            let links = self.links(node);
            links.parent == parent && links.name == name
        })
    }
}

/// Ids that we make carry 74 random bits; the multiplication spreads those that others count up.
#[inline]
fn id_hash(id: EntityId) -> u64 {
    let bits = id.as_u128();
    let word = (bits >> 64) as u64 ^ (bits as u64).rotate_left(29);
    let wide = u128::from(word ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93;
    (wide >> 64) as u64 ^ wide as u64
}
