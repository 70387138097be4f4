//! The way back from a commit that was refused half way.

use crate::model::{Change, DeletedEntity, FieldId, Place, Stamp, Value};
use crate::tree::Tree;
use crate::tree::apply::Changes;
use crate::tree::check::referred;

impl Tree {
    /// Undoes changes, the last one first. They hold no schema and no restore.
    pub(super) fn undo(&mut self, changes: Changes, stamp: Stamp) {
        // References among restored entities wait until all of them exist.
        let mut references = Vec::new();
        for change in changes.into_iter().rev() {
            match change {
                Change::Field(change) => {
                    if let Some(node) = self.find(change.id)
                        && let Some(position) = self.types[change.entity_type.0 as usize]
                            .layout
                            .position(change.field)
                    {
                        self.put(
                            node,
                            position,
                            change.previous.as_ref(),
                            change.previous_stamp,
                        );
                    }
                }
                Change::Created(placement) => {
                    if let Some(node) = self.find(placement.id) {
                        self.remove_leaf(node, stamp);
                        self.restore_family_revision(&placement.to);
                    }
                }
                Change::Placed(placement) => {
                    if let (Some(node), Some(from)) = (self.find(placement.id), &placement.from) {
                        self.unlink(node, stamp.revision);
                        self.restore_family_revision(&placement.to);
                        self.relink(node, from, placement.previous_stamp);
                    }
                }
                Change::Deleted(deleted) => references.extend(self.revive(&deleted)),
                Change::Schema(_) => {}
            }
        }
        for (node, position, value, stamp) in references {
            self.put(node, position, Some(&value), stamp);
        }
    }

    fn revive(&mut self, deleted: &DeletedEntity) -> Vec<(u32, usize, Value, Stamp)> {
        let node = self.take_node(deleted.id, deleted.entity_type.0);
        self.relink(node, &deleted.place, deleted.stamp);
        let mut references = Vec::new();
        for (field, value, stamp) in &deleted.fields {
            let Some(position) = self.position(deleted, *field) else {
                continue;
            };
            match value {
                Some(value) if !referred(value).is_empty() => {
                    references.push((node, position, value.clone(), *stamp));
                }
                value => self.put(node, position, value.as_ref(), *stamp),
            }
        }
        references
    }

    fn position(&self, deleted: &DeletedEntity, field: FieldId) -> Option<usize> {
        self.types[deleted.entity_type.0 as usize]
            .layout
            .position(field)
    }

    fn relink(&mut self, node: u32, place: &Place, stamp: Stamp) {
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
