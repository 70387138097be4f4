//! What a commit changed on the whole, from what its steps did one after another.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use crate::model::{
    CreatedEntity, DeletedEntity, Effect, EntityId, FieldChange, FieldId, Place, Placement,
    Revision, SchemaChange, Stamp, TypeId,
};
use crate::tree::Tree;
use crate::tree::apply::Effects;

/// The effects that stay, and where in them each thing was changed first.
#[derive(Default)]
struct Net {
    effects: Vec<Option<Effect>>,
    lives: FxHashMap<EntityId, Life>,
    schemas: FxHashMap<TypeId, usize>,
    /// When the children of an entity had changed last before the journal.
    families: FxHashMap<EntityId, Revision>,
}

/// An entity between two deletions.
#[derive(Default)]
struct Life {
    created: bool,
    placed: Option<usize>,
    fields: SmallVec<[(FieldId, usize); 4]>,
}

impl Tree {
    /// Folds a journal into what it changed on the whole. A restore begins a journal anew; then the
    /// tree before the commit says when children had changed last.
    pub(super) fn net(&mut self, journal: Effects, before: Option<&Self>) -> Effects {
        let mut net = Net::default();
        for change in journal {
            match change {
                Effect::Field(change) => net.field(change),
                Effect::Created(created) => net.created(created),
                Effect::Placed(placement) => net.placed(placement),
                Effect::Deleted(deleted) => net.deleted(deleted),
                Effect::Schema(change) => net.schema(change),
            }
        }
        let mut touched = FxHashSet::default();
        let mut effects: Effects = net.effects.into_iter().flatten().collect();
        for change in &mut effects {
            for place in places(change) {
                place.children_revision = match (before, net.families.get(&place.parent)) {
                    (Some(before), _) => before.children_revision(place.parent),
                    (None, Some(revision)) => *revision,
                    (None, None) => place.children_revision,
                };
                touched.insert(place.parent);
            }
        }
        // Where children only came and went again, nothing changed.
        for (parent, revision) in net.families {
            let Some(node) = self.find(parent) else {
                continue;
            };
            let made = net.lives.get(&parent).is_some_and(|life| life.created);
            if made && self.family(node).count == 0 {
                self.families.get_mut(node as usize).revision = 0;
            } else if !made && !touched.contains(&parent) {
                self.families.get_mut(node as usize).revision = revision;
            }
        }
        effects
    }
}

impl Net {
    fn push(&mut self, change: Effect) -> usize {
        self.effects.push(Some(change));
        self.effects.len() - 1
    }

    fn field(&mut self, change: FieldChange) {
        let (id, field) = (change.id, change.field);
        let life = self.lives.entry(id).or_default();
        if let Some(Effect::Created(created)) = life.placed.and_then(|at| self.effects[at].as_mut())
            && let Some(at) = created.values.iter().position(|(known, _)| *known == field)
        {
            let values = &mut Arc::make_mut(created).values;
            match change.current {
                Some(value) => Arc::make_mut(values)[at].1 = value,
                None => {
                    let others = values.iter().filter(|(known, _)| *known != field);
                    *values = others.cloned().collect();
                    life.fields.push((field, self.effects.len()));
                    self.push(Effect::Field(FieldChange {
                        previous: None,
                        previous_stamp: Stamp::NEVER,
                        ..change
                    }));
                }
            }
            return;
        }
        let first = life.fields.iter().find(|(known, _)| *known == field);
        match first.and_then(|(_, at)| self.effects[*at].as_mut()) {
            Some(Effect::Field(first)) => first.current = change.current,
            _ => {
                life.fields.push((field, self.effects.len()));
                self.push(Effect::Field(change));
            }
        }
    }

    fn created(&mut self, created: Arc<CreatedEntity>) {
        self.date(&created.place);
        let life = Life {
            created: true,
            placed: Some(self.effects.len()),
            ..Life::default()
        };
        self.lives.insert(created.id, life);
        self.push(Effect::Created(created));
    }

    fn placed(&mut self, placement: Arc<Placement>) {
        self.date(&placement.from);
        self.date(&placement.to);
        let life = self.lives.entry(placement.id).or_default();
        match life.placed.and_then(|at| self.effects[at].as_mut()) {
            Some(Effect::Created(first)) => Arc::make_mut(first).place = placement.to.clone(),
            Some(Effect::Placed(first)) => Arc::make_mut(first).to = placement.to.clone(),
            _ => {
                life.placed = Some(self.effects.len());
                self.push(Effect::Placed(placement));
            }
        }
    }

    fn deleted(&mut self, mut effect: Arc<DeletedEntity>) {
        let deleted = Arc::make_mut(&mut effect);
        self.date(&deleted.place);
        let known = self.families.entry(deleted.id);
        deleted.children_revision = *known.or_insert(deleted.children_revision);
        let life = self.lives.remove(&deleted.id).unwrap_or_default();
        for (field, at) in life.fields {
            if let Some(Effect::Field(change)) = self.effects[at].take() {
                deleted.fields.retain(|(known, ..)| *known != field);
                if change.previous_stamp.revision != 0 {
                    let before = (field, change.previous, change.previous_stamp);
                    deleted.fields.push(before);
                }
            }
        }
        if let Some(Effect::Placed(placement)) = life.placed.and_then(|at| self.effects[at].take())
        {
            deleted.place = placement.from.clone();
            deleted.stamp = placement.previous_stamp;
        }
        if !life.created {
            self.push(Effect::Deleted(effect));
        }
    }

    fn schema(&mut self, change: Arc<SchemaChange>) {
        let first = self.schemas.get(&change.entity_type);
        match first.and_then(|at| self.effects[*at].as_mut()) {
            Some(Effect::Schema(first)) => {
                *first = Arc::new(SchemaChange {
                    previous: first.previous.clone(),
                    previous_base: first.previous_base,
                    ..(*change).clone()
                });
            }
            _ => {
                self.schemas.insert(change.entity_type, self.effects.len());
                self.push(Effect::Schema(change));
            }
        }
    }

    fn date(&mut self, place: &Place) {
        self.families
            .entry(place.parent)
            .or_insert(place.children_revision);
    }
}

/// The places that a change names.
fn places(change: &mut Effect) -> impl Iterator<Item = &mut Place> {
    let (from, to) = match change {
        Effect::Created(created) => (None, Some(&mut Arc::make_mut(created).place)),
        Effect::Placed(placement) => {
            let Placement { from, to, .. } = Arc::make_mut(placement);
            (Some(from), Some(to))
        }
        Effect::Deleted(deleted) => (None, Some(&mut Arc::make_mut(deleted).place)),
        Effect::Field(_) | Effect::Schema(_) => (None, None),
    };
    from.into_iter().chain(to)
}
