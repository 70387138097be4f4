//! What must hold inside a tree, whatever was done to it.

use std::collections::BTreeSet;

use crate::model::{FieldId, Value, ValueRef};
use crate::tree::Tree;
use crate::tree::check::referred;
use crate::tree::chunked::CHUNK;
use crate::tree::index::Key;

pub(super) fn check(tree: &Tree) {
    let live: Vec<u32> = (1..tree.used)
        .filter(|node| !tree.free.contains(node))
        .collect();
    assert_eq!(live.len(), tree.len());
    assert_eq!(
        tree.free.iter().collect::<BTreeSet<_>>().len(),
        tree.free.len()
    );
    for free in &tree.free {
        assert_eq!(tree.node(*free).id.as_u128(), 0, "a free node has an id");
        assert_eq!(
            (tree.family(*free).count, tree.family(*free).revision),
            (0, 0)
        );
    }
    for node in live {
        family(tree, node);
        let entry = tree.node(node);
        assert_eq!(tree.find(entry.id), Some(node));
        let table = &tree.types[entry.entity_type as usize];
        assert_eq!(table.nodes.get(entry.slot as usize), Some(&node));
    }
    for table in &tree.types {
        assert_eq!(table.live().count(), table.len());
        for free in &table.free {
            let clear = |column: &crate::tree::column::Column| column.stamp(*free).revision() == 0;
            assert!(
                table.columns.iter().all(clear),
                "a free slot holds something"
            );
        }
    }
    values_and_stamps(tree);
    indexes(tree);
}

fn values_and_stamps(tree: &Tree) {
    for table in &tree.types {
        for slot in 0..table.used {
            for column in &table.columns {
                let set = column.set(slot as usize);
                let has_value = column.stamp(slot).has_value();
                assert_eq!(set.contains(slot as usize % CHUNK), has_value);
            }
        }
    }
}

fn family(tree: &Tree, node: u32) {
    let family = tree.family(node);
    let children: Vec<u32> = tree.children_of(node).collect();
    assert_eq!(children.len(), family.count as usize);
    assert_eq!(children.last().copied().unwrap_or(0), family.last);
    let mut previous = 0;
    for child in children {
        let links = tree.links(child);
        assert_eq!((links.parent, links.previous), (node, previous));
        assert_eq!(tree.find_child(node, &links.name), Some(child));
        previous = child;
    }
}

/// Indexes and referrers hold what the columns say, and nothing else.
fn indexes(tree: &Tree) {
    let mut keys: BTreeSet<(FieldId, Key, u32)> = BTreeSet::new();
    let mut referrers = BTreeSet::new();
    for table in &tree.types {
        for (slot, node) in table.live() {
            for (position, field) in table.layout.fields.iter().enumerate() {
                let value: Option<Value> = tree.cell(table, position, slot).map(ValueRef::to_value);
                let Some(value) = value else { continue };
                if field.schema.index || field.schema.unique {
                    keys.insert((field.id, Key::of(value.as_ref()).unwrap(), node));
                }
                for target in referred(&value) {
                    referrers.insert((tree.find(*target).unwrap(), node, field.id));
                }
            }
        }
    }
    let held = tree.indexes.iter().flat_map(|(field, index)| {
        let all = index.range_from(std::ops::Bound::Unbounded);
        all.map(|(key, node)| (*field, key.clone(), *node))
    });
    assert_eq!(held.collect::<BTreeSet<_>>(), keys);
    let known = (0..tree.used).flat_map(|node| tree.referrers.of(node));
    let known: BTreeSet<_> = known
        .map(|found| (found.target, found.node, found.field))
        .collect();
    assert_eq!(known, referrers);
}
