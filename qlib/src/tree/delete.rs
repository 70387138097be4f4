//! Deleting an entity, all below it, and what its references demand.

use std::ops::Bound;

use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use crate::model::{
    Change, DeletedEntity, EntityId, Error, FieldChange, FieldId, OnDelete, Quality, Result, Stamp,
    TypeId, Value, ValueRef,
};
use crate::tree::Tree;
use crate::tree::apply::Applying;
use crate::tree::index::Referrer;

/// Referrers that an error names.
const NAMED: usize = 10;

impl Tree {
    pub(super) fn delete(&mut self, id: EntityId, applying: &mut Applying) -> Result<()> {
        let Some(node) = self.find(id) else {
            return Err(Error::Missing { entity: id.into() });
        };
        if node == self.root {
            return Err(Error::Root {
                operation: "deleted",
            });
        }
        let doomed = self.doomed(node);
        let left = self.referrers_that_stay(id, &doomed)?;
        for referrer in left {
            self.lose_reference(referrer, applying);
        }
        // Children first, so that each is deleted as a leaf.
        for node in doomed.order.into_iter().rev() {
            let deleted = self.remove_leaf(node, applying.stamp);
            applying.changes.push(Change::Deleted(Box::new(deleted)));
        }
        Ok(())
    }

    /// The node, all below it, and all that is deleted with one of them by `OnDelete::Cascade`; a
    /// parent before its children.
    fn doomed(&self, node: u32) -> Doomed {
        let mut doomed = Doomed::default();
        doomed.add(node);
        let mut next = 0;
        while next < doomed.order.len() {
            let node = doomed.order[next];
            next += 1;
            for child in self.children_of(node) {
                doomed.add(child);
            }
            for referrer in self.referrers_to(node) {
                if self.rule(referrer) == OnDelete::Cascade {
                    doomed.add(referrer.node);
                }
            }
        }
        doomed.sort_parents_first(self);
        doomed
    }

    /// The referrers to unset, or the error that names those that refuse.
    fn referrers_that_stay(
        &self,
        id: EntityId,
        doomed: &Doomed,
    ) -> Result<SmallVec<[Referrer; 4]>> {
        let mut left = SmallVec::new();
        let mut refusing = Vec::new();
        let mut more = 0;
        for node in &doomed.order {
            for referrer in self
                .referrers_to(*node)
                .filter(|referrer| !doomed.contains(referrer.node))
            {
                if self.rule(referrer) != OnDelete::Refuse {
                    left.push(referrer);
                } else if refusing.len() < NAMED {
                    let who = self.subject(self.node(referrer.node).id);
                    refusing.push((who, self.field_name(referrer.field).clone()));
                } else {
                    more += 1;
                }
            }
        }
        if refusing.is_empty() {
            return Ok(left);
        }
        Err(Error::Referenced {
            entity: self.subject(id),
            by: refusing,
            more,
        })
    }

    fn referrers_to(&self, target: u32) -> impl Iterator<Item = Referrer> {
        let first = Referrer {
            target,
            node: 0,
            field: FieldId(0),
        };
        self.referrers
            .range_from(Bound::Included(&first))
            .copied()
            .take_while(move |found| found.target == target)
    }

    fn rule(&self, referrer: Referrer) -> OnDelete {
        let layout = &self.types[self.node(referrer.node).entity_type as usize].layout;
        layout
            .position(referrer.field)
            .map_or(OnDelete::Unset, |position| {
                layout.fields[position].schema.on_delete
            })
    }

    /// Unsets a reference, or takes the entry out of a list.
    fn lose_reference(&mut self, referrer: Referrer, applying: &mut Applying) {
        let (target, node) = (self.node(referrer.target).id, self.node(referrer.node));
        let (id, entity_type, slot) = (node.id, node.entity_type, node.slot);
        let table = &self.types[entity_type as usize];
        let Some(position) = table.layout.position(referrer.field) else {
            return;
        };
        let previous = self.cell(table, position, slot).map(ValueRef::to_value);
        let previous_stamp: Stamp = table.columns[position].stamp(slot).into();
        let current = match &previous {
            Some(Value::EntityList(ids)) => Some(Value::EntityList(
                ids.iter().copied().filter(|id| *id != target).collect(),
            )),
            _ => None,
        };
        let quality = if current.is_some() {
            Quality::Good
        } else {
            Quality::Unset
        };
        self.put(
            referrer.node,
            position,
            current.as_ref(),
            Stamp {
                quality,
                ..applying.stamp
            },
        );
        let field = referrer.field;
        applying.record(FieldChange {
            id,
            entity_type: TypeId(entity_type),
            field,
            previous,
            previous_stamp,
            current,
        });
    }

    /// Takes a node without children out of the tree; says what it was.
    pub(super) fn remove_leaf(&mut self, node: u32, stamp: Stamp) -> DeletedEntity {
        let (id, entity_type, slot) = (
            self.node(node).id,
            self.node(node).entity_type,
            self.node(node).slot,
        );
        let placed = self.node(node).placed.into();
        let layout = std::sync::Arc::clone(&self.types[entity_type as usize].layout);
        let mut fields = Vec::new();
        for (position, field) in layout.fields.iter().enumerate() {
            let table = &self.types[entity_type as usize];
            let stamp = table.columns[position].stamp(slot);
            if stamp.revision() != 0 {
                let value = self.cell(table, position, slot).map(ValueRef::to_value);
                self.forget(node, field.id, entity_type as usize, position);
                fields.push((field.id, value, stamp.into()));
            }
        }
        let place = self.unlink(node, stamp.revision);
        self.release_node(node);
        DeletedEntity {
            id,
            entity_type: TypeId(entity_type),
            place,
            stamp: placed,
            fields,
        }
    }
}

/// The nodes that a deletion takes with it.
#[derive(Default)]
struct Doomed {
    order: SmallVec<[u32; 8]>,
    // Only once there are many.
    set: FxHashSet<u32>,
}

impl Doomed {
    fn contains(&self, node: u32) -> bool {
        if self.set.is_empty() {
            self.order.contains(&node)
        } else {
            self.set.contains(&node)
        }
    }

    fn add(&mut self, node: u32) {
        if self.contains(node) {
            return;
        }
        self.order.push(node);
        if !self.set.is_empty() {
            self.set.insert(node);
        } else if self.order.len() > 8 {
            self.set = self.order.iter().copied().collect();
        }
    }

    /// A cascade may reach a child before its parent.
    fn sort_parents_first(&mut self, tree: &Tree) {
        if self.order.len() > 1 {
            self.order
                .sort_by_cached_key(|node| tree.ancestors(*node).count());
        }
    }
}
