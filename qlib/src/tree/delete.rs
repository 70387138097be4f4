//! Deleting an entity, all below it, and what its references demand.

use std::sync::Arc;

use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use crate::model::{
    DeletedEntity, Effect, EntityId, Error, FieldChange, FieldId, OnDelete, Quality, Result, Stamp,
    TypeId, Value, ValueRef,
};
use crate::tree::Tree;
use crate::tree::apply::Applying;
use crate::tree::referrers::Referrer;

/// Referrers that an error names.
const NAMED: usize = 10;

impl Tree {
    pub(super) fn delete(&mut self, id: EntityId, applying: &mut Applying) -> Result<()> {
        let Some(node) = self.find(id) else {
            return Err(Error::Missing { entity: id.into() });
        };
        let doomed = self.doomed(node);
        // A cascade may reach as far as the Root.
        if doomed.contains(self.root) {
            return Err(Error::Root {
                operation: "deleted",
            });
        }
        let left = self.referrers_that_stay(id, &doomed)?;
        for referrer in left {
            self.lose_reference(referrer, applying);
        }
        // Children first, so that each is deleted as a leaf. Their fields before that: they may refer
        // to each other, and a reference to an entity that is gone cannot be read.
        let leaves_first = doomed.order.iter().rev();
        let fields: Vec<_> = leaves_first
            .clone()
            .map(|node| self.take_fields(*node))
            .collect();
        for (node, fields) in leaves_first.zip(fields) {
            let deleted = self.remove_leaf(*node, fields, applying.stamp);
            let written = |stamp: &Stamp| stamp.revision == applying.stamp.revision;
            applying.again |=
                written(&deleted.stamp) || deleted.fields.iter().any(|(.., stamp)| written(stamp));
            applying.effects.push(Effect::Deleted(Arc::new(deleted)));
        }
        applying.deleted = true;
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
        for node in &doomed.order {
            for referrer in self.referrers_to(*node) {
                if doomed.contains(referrer.node) {
                    continue;
                }
                if self.rule(referrer) == OnDelete::Refuse {
                    refusing.push(referrer);
                } else {
                    left.push(referrer);
                }
            }
        }
        if refusing.is_empty() {
            return Ok(left);
        }
        let name = |referrer: &Referrer| {
            let who = self.subject(self.node(referrer.node).id);
            (who, self.field_name(referrer.field).clone())
        };
        Err(Error::Referenced {
            entity: self.subject(id),
            by: refusing.iter().take(NAMED).map(name).collect(),
            more: refusing.len().saturating_sub(NAMED),
        })
    }

    /// The fields that refer to a node. Their order, and with it that of changes and the choice of
    /// those that an error names, does not depend on how this replica numbers its nodes.
    fn referrers_to(&self, target: u32) -> SmallVec<[Referrer; 4]> {
        let mut found: SmallVec<[Referrer; 4]> = self.referrers.of(target).collect();
        found.sort_by_key(|found| (self.node(found.node).id, self.field_name(found.field)));
        found
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

    /// What a node's fields hold or held, which indexes and referrers forget.
    pub(super) fn take_fields(&mut self, node: u32) -> Vec<(FieldId, Option<Value>, Stamp)> {
        let (entity_type, slot) = (self.node(node).entity_type as usize, self.node(node).slot);
        let layout = Arc::clone(&self.types[entity_type].layout);
        let mut fields = Vec::new();
        for (position, field) in layout.fields.iter().enumerate() {
            let table = &self.types[entity_type];
            let stamp = table.columns[position].stamp(slot);
            if stamp.revision() != 0 {
                let value = self.cell(table, position, slot).map(ValueRef::to_value);
                self.forget(node, field.id, entity_type, position);
                fields.push((field.id, value, stamp.into()));
            }
        }
        fields
    }

    /// Takes a node without children out of the tree, whose `fields` were taken; says what it was.
    pub(super) fn remove_leaf(
        &mut self,
        node: u32,
        fields: Vec<(FieldId, Option<Value>, Stamp)>,
        stamp: Stamp,
    ) -> DeletedEntity {
        let (id, entity_type) = (self.node(node).id, TypeId(self.node(node).entity_type));
        let placed = self.links(node).placed.into();
        let children_revision = self.family(node).revision;
        let place = self.unlink(node, stamp.revision);
        self.release_node(node);
        DeletedEntity {
            id,
            entity_type,
            place,
            stamp: placed,
            children_revision,
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
