//! The tree before a commit, from what the commit did on the whole.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::{
    DeletedEntity, Effect, EntityId, Place, Placement, Revision, Stamp, Timestamp, Value,
};
use crate::tree::Tree;
use crate::tree::apply::Effects;
use crate::tree::check::referred;

impl Tree {
    /// Takes the effects of the newest commit back. They hold no schema; limits, fencing tokens and
    /// cursors, of which effects say nothing, stay.
    ///
    /// What moved, came or went is first taken from where it stands, then put where it stood: so the
    /// order in which the commit did it does not matter. Only where it moved one entity and then moved,
    /// renamed or deleted it, siblings may be in another order than they were.
    pub(crate) fn rewind(&mut self, effects: &Effects, revision: Revision, time: Timestamp) {
        let created: FxHashSet<EntityId> = effects.iter().filter_map(created).collect();
        let mut references = Vec::new();
        for effect in effects {
            match effect {
                Effect::Field(change) if !created.contains(&change.id) => {
                    if let (Some(node), Some(position)) = (
                        self.find(change.id),
                        self.position(change.entity_type, change.field),
                    ) {
                        let (value, stamp) = (change.previous.as_ref(), change.previous_stamp);
                        match value.filter(|value| !referred(value).is_empty()) {
                            // What it refers to may not be there yet.
                            Some(value) => {
                                self.put(node, position, None, stamp);
                                references.push((node, position, value.clone(), stamp));
                            }
                            None => self.put(node, position, value, stamp),
                        }
                    }
                }
                Effect::Created(created) => {
                    if let Some(node) = self.find(created.id) {
                        self.take_fields(node);
                    }
                }
                _ => {}
            }
        }
        let mut lost = FxHashSet::default();
        for effect in effects {
            if let Some(node) = id(effect).and_then(|id| self.find(id)) {
                let place = self.unlink(node, revision);
                lost.insert(node);
                if let Effect::Placed(placement) = effect
                    && is_rename(placement)
                {
                    // It stays where others stood behind it.
                    let name = placement.from.name.clone();
                    self.relink(node, &Place { name, ..place }, placement.previous_stamp);
                    lost.remove(&node);
                }
            }
        }
        for id in created {
            if let Some(node) = self.find(id) {
                lost.remove(&node);
                self.release_node(node);
            }
        }
        let mut rest: Vec<&Effect> = effects.iter().rev().collect();
        while !rest.is_empty() {
            let before = rest.len();
            // What stood below an entity that was deleted later waits for it.
            rest.retain(|effect| !self.put_back(effect, &mut lost, &mut references));
            if rest.len() == before {
                break;
            }
        }
        self.put_all(&mut references);
        self.date_back(effects);
        (self.revision, self.time) = (revision, time);
    }

    /// Puts an entity where it stood before, unless its parent is not there yet.
    fn put_back(
        &mut self,
        effect: &Effect,
        lost: &mut FxHashSet<u32>,
        references: &mut Vec<(u32, usize, Value, Stamp)>,
    ) -> bool {
        let place = match effect {
            Effect::Placed(placement) if !is_rename(placement) => &placement.from,
            Effect::Deleted(deleted) => &deleted.place,
            _ => return true,
        };
        let Some(parent) = self.find(place.parent) else {
            return false;
        };
        let after = match place.after.map(|after| self.find(after)) {
            None => 0,
            // It stood behind a sibling that is somewhere else, where the commit had moved it before.
            Some(Some(after)) if self.links(after).parent == parent && !lost.contains(&after) => {
                after
            }
            Some(_) => self.family(parent).last,
        };
        let after = (after != 0).then(|| self.node(after).id);
        let place = Place {
            after,
            ..place.clone()
        };
        match effect {
            Effect::Placed(placement) => {
                if let Some(node) = self.find(placement.id) {
                    self.relink(node, &place, placement.previous_stamp);
                    lost.remove(&node);
                }
            }
            Effect::Deleted(deleted) => {
                let mut deleted = DeletedEntity::clone(deleted);
                deleted.place = place;
                self.revive(&deleted, references);
            }
            _ => {}
        }
        true
    }

    /// Gives families the revisions that they had: of those that the effects name for a parent, the
    /// lowest is from before the commit.
    fn date_back(&mut self, effects: &Effects) {
        let mut lowest: FxHashMap<EntityId, Revision> = FxHashMap::default();
        let mut note = |id: EntityId, revision: Revision| {
            let known = lowest.entry(id).or_insert(revision);
            *known = revision.min(*known);
        };
        for effect in effects {
            match effect {
                Effect::Created(created) => {
                    note(created.place.parent, created.place.children_revision)
                }
                Effect::Placed(placement) => {
                    for place in [&placement.from, &placement.to] {
                        note(place.parent, place.children_revision);
                    }
                }
                Effect::Deleted(deleted) => {
                    note(deleted.place.parent, deleted.place.children_revision);
                    note(deleted.id, deleted.children_revision);
                }
                Effect::Field(_) | Effect::Schema(_) => {}
            }
        }
        for (id, revision) in lowest {
            if let Some(node) = self.find(id)
                && (revision != 0 || self.family(node).revision != 0)
            {
                self.families.get_mut(node as usize).revision = revision;
            }
        }
    }
}

fn is_rename(placement: &Placement) -> bool {
    let Placement { from, to, .. } = placement;
    (from.parent, from.after) == (to.parent, to.after)
}

fn created(effect: &Effect) -> Option<EntityId> {
    match effect {
        Effect::Created(created) => Some(created.id),
        _ => None,
    }
}

fn id(effect: &Effect) -> Option<EntityId> {
    match effect {
        Effect::Created(created) => Some(created.id),
        Effect::Placed(placement) => Some(placement.id),
        _ => None,
    }
}
