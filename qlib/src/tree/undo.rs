//! The way back from a commit that was refused half way.

use crate::model::{DeletedEntity, Effect, FieldId, Place, Stamp, TypeId, Value};
use crate::tree::Tree;
use crate::tree::apply::Effects;
use crate::tree::check::referred;

impl Tree {
    /// Undoes a journal, the last change first. It holds no schema and no restore.
    pub(super) fn undo(&mut self, journal: Effects, stamp: Stamp) {
        // Entities that were deleted together may refer to each other: their references wait until
        // all of them exist.
        let mut references = Vec::new();
        for change in journal.into_iter().rev() {
            if !matches!(change, Effect::Deleted(_)) {
                self.put_all(&mut references);
            }
            match change {
                Effect::Field(change) => {
                    if let Some(node) = self.find(change.id)
                        && let Some(position) = self.position(change.entity_type, change.field)
                    {
                        let (value, stamp) = (change.previous.as_ref(), change.previous_stamp);
                        self.put(node, position, value, stamp);
                    }
                }
                Effect::Created(created) => {
                    if let Some(node) = self.find(created.id) {
                        let fields = self.take_fields(node);
                        self.remove_leaf(node, fields, stamp);
                        self.restore_family_revision(&created.place);
                    }
                }
                Effect::Placed(placement) => {
                    if let Some(node) = self.find(placement.id) {
                        self.unlink(node, stamp.revision);
                        self.restore_family_revision(&placement.to);
                        self.relink(node, &placement.from, placement.previous_stamp);
                    }
                }
                Effect::Deleted(deleted) => self.revive(&deleted, &mut references),
                Effect::Schema(_) => {}
            }
        }
        self.put_all(&mut references);
    }

    pub(super) fn put_all(&mut self, references: &mut Vec<(u32, usize, Value, Stamp)>) {
        for (node, position, value, stamp) in references.drain(..) {
            self.put(node, position, Some(&value), stamp);
        }
    }

    pub(super) fn revive(
        &mut self,
        deleted: &DeletedEntity,
        references: &mut Vec<(u32, usize, Value, Stamp)>,
    ) {
        let node = self.take_node(deleted.id, deleted.entity_type.0);
        self.relink(node, &deleted.place, deleted.stamp);
        if deleted.children_revision != 0 {
            self.families.get_mut(node as usize).revision = deleted.children_revision;
        }
        for (field, value, stamp) in &deleted.fields {
            let Some(position) = self.position(deleted.entity_type, *field) else {
                continue;
            };
            match value {
                Some(value) if !referred(value).is_empty() => {
                    references.push((node, position, value.clone(), *stamp));
                }
                value => self.put(node, position, value.as_ref(), *stamp),
            }
        }
    }

    pub(super) fn position(&self, entity_type: TypeId, field: FieldId) -> Option<usize> {
        self.table(entity_type).layout.position(field)
    }

    pub(super) fn relink(&mut self, node: u32, place: &Place, stamp: Stamp) {
        let parent = self.find(place.parent).unwrap_or(0);
        let after = place.after.and_then(|after| self.find(after)).unwrap_or(0);
        self.link(
            node,
            parent,
            after,
            place.name.clone(),
            stamp,
            place.children_revision,
        );
    }

    fn restore_family_revision(&mut self, place: &Place) {
        if let Some(parent) = self.find(place.parent) {
            self.families.get_mut(parent as usize).revision = place.children_revision;
        }
    }
}
