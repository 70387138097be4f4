//! What each commit adds to the history.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::model::{Applied, Effect, EntityId, FieldId, HistoryPolicy, Quality, Revision, Value};
use crate::store::history::block::{FieldNumber, Key};
use crate::store::history::{History, HistoryLimits, KnownField, Sample};
use crate::tree::Tree;

/// Feeds the history, under the commit lock.
#[derive(Debug)]
pub(crate) struct Feeder {
    history: Arc<History>,
    /// The history has everything up to this revision from the disk.
    from: Revision,
    /// Some series have commits up to this one from there.
    guard: Revision,
    /// The schemas from which `kept` was made.
    tag: u64,
    /// The fields that keep a history, by their numbers in the tree.
    kept: Vec<Option<Kept>>,
}

/// A field that keeps a history.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    pub(super) number: FieldNumber,
    pub(super) policy: HistoryPolicy,
}

impl Feeder {
    /// Feeds a history that ends with the process.
    pub(crate) fn in_memory(limits: HistoryLimits) -> Self {
        let history = History::new(limits, None, Arc::default());
        Self::new(Arc::new(history), 0, 0)
    }

    /// Feeds a history that has everything up to `from`, and of some series up to `guard`.
    pub(super) fn new(history: Arc<History>, from: Revision, guard: Revision) -> Self {
        Self {
            history,
            from,
            guard,
            tag: 0,
            kept: Vec::new(),
        }
    }

    /// Lets go of the directory of a history that nobody else has yet.
    pub(super) fn stay_in_memory(&mut self) {
        if let Some(history) = Arc::get_mut(&mut self.history) {
            history.on_disk = false;
            *history.files.get_mut() = None;
        }
    }

    /// The history.
    pub(crate) fn history(&self) -> &Arc<History> {
        &self.history
    }

    /// How a field keeps its history.
    pub(super) fn kept(&self, field: FieldId) -> Option<Kept> {
        *self.kept.get(field.0 as usize)?
    }

    /// The field of that name of which a deleted entity has a history.
    pub(super) fn kept_by_name(&self, id: EntityId, name: &str) -> Option<Kept> {
        let fields = self.history.fields.lock();
        let mut kept = self.kept.iter().flatten();
        kept.find(|kept| {
            let known = fields.known.get(&kept.number);
            known.is_some_and(|known| known.name == name) && self.history.has(key(id, **kept))
        })
        .copied()
    }

    /// Begins with a tree that was loaded; the commits behind it follow.
    pub(crate) fn begin(&mut self, tree: &Tree) {
        if !tree.is_empty() && tree.revision() >= self.from {
            self.learn(tree);
        }
    }

    /// Whether so much is in memory that it should get to the disk.
    #[inline]
    pub(crate) fn wants_flush(&self) -> bool {
        !self.kept.is_empty() && self.history.wants_flush()
    }

    /// Every commit from here on is a new one, whatever its revision.
    pub(crate) fn replayed(&mut self, tree: &Tree) {
        (self.from, self.guard) = (0, 0);
        self.learn(tree);
    }

    /// Takes a commit; `tree` is the one after it.
    pub(crate) fn feed(&mut self, applied: &Applied, tree: &Tree) {
        if applied.revision >= self.from {
            // Those that are skipped leave the fields as the history knows them, by their names then.
            self.learn(tree);
        }
        if applied.revision <= self.from {
            return;
        }
        if !self.kept.is_empty() {
            self.feed_effects(applied, tree);
        }
        self.history.fed.store(applied.revision, Ordering::Release);
    }

    fn feed_effects(&self, applied: &Applied, tree: &Tree) {
        for effect in &applied.effects {
            match effect {
                Effect::Field(change) => {
                    let value = change.current.clone();
                    self.push(applied, tree, change.id, change.field, value);
                }
                Effect::Created(created) => {
                    for (field, value) in created.values.iter() {
                        let value = Some(value.clone());
                        self.push(applied, tree, created.id, *field, value);
                    }
                }
                Effect::Deleted(deleted) => {
                    // The same commit may have made it again.
                    let gone = tree.entity(deleted.id).is_none();
                    for (field, ..) in &deleted.fields {
                        self.push(applied, tree, deleted.id, *field, None);
                        if let (true, Some(kept)) = (gone, self.kept(*field)) {
                            self.history.end(key(deleted.id, kept));
                        }
                    }
                }
                Effect::Placed(_) | Effect::Schema(_) => {}
            }
        }
        self.history.bound(applied.time);
    }

    fn push(
        &self,
        applied: &Applied,
        tree: &Tree,
        id: EntityId,
        field: FieldId,
        value: Option<Value>,
    ) {
        let Some(kept) = self.kept(field) else {
            return;
        };
        let quality = match &value {
            None => Quality::Unset,
            Some(_) => tree
                .entity(id)
                .and_then(|entity| entity.stamp(field).ok())
                .map_or(Quality::Good, |stamp| stamp.quality),
        };
        let sample = Sample {
            time: applied.time,
            revision: applied.revision,
            value,
            quality,
        };
        self.history
            .push(key(id, kept), sample, &kept.policy, self.guard);
    }

    /// Learns which fields keep a history, when the schemas are not those of the last time.
    fn learn(&mut self, tree: &Tree) {
        if self.tag == tree.tag() {
            return;
        }
        self.tag = tree.tag();
        let before = std::mem::take(&mut self.kept);
        for entity_type in tree.types() {
            for field in tree.field_ids(entity_type) {
                // Types that extend the one that declares the field have it too.
                if self.kept(field).is_none()
                    && let Some(schema) = tree.field_schema(entity_type, field)
                    && let Some(policy) = schema.history
                {
                    let declared_by = tree.declared_by(field).unwrap_or(entity_type);
                    let named = KnownField {
                        declared_by: tree.type_name(declared_by).clone(),
                        name: schema.name.clone(),
                        kind: schema.kind,
                    };
                    let at = field.0 as usize;
                    let known = before.get(at).copied().flatten();
                    let number = self.history.number(named, known.map(|kept| kept.number));
                    self.kept.resize(self.kept.len().max(at + 1), None);
                    self.kept[at] = Some(Kept { number, policy });
                }
            }
        }
        let numbers: Vec<_> = self.kept.iter().flatten().map(|kept| kept.number).collect();
        let mut fields = self.history.fields.lock();
        let lost: Vec<_> = fields
            .known
            .extract_if(.., |number, _| !numbers.contains(number))
            .collect();
        drop(fields);
        for (number, _) in lost {
            self.history.forget(number);
        }
    }
}

impl History {
    /// The number of a field: the one that it has in this process, or else the one under its names,
    /// or a new one. A field whose kind is another one begins anew.
    fn number(&self, field: KnownField, known: Option<FieldNumber>) -> FieldNumber {
        let mut fields = self.fields.lock();
        let same = |number: &FieldNumber| {
            fields
                .known
                .get(number)
                .is_some_and(|old| old.kind == field.kind)
        };
        let number = match known.filter(same) {
            Some(number) => number,
            None => match fields.known.iter().rev().find(|(_, old)| **old == field) {
                Some((number, _)) => *number,
                None => {
                    fields.next += 1;
                    fields.next
                }
            },
        };
        fields.known.insert(number, field);
        number
    }
}

pub(super) fn key(entity: EntityId, kept: Kept) -> Key {
    Key {
        entity,
        field: kept.number,
    }
}
