//! Whether what entities hold fits what a field is to be.

use rustc_hash::FxHashMap;

use crate::model::{
    EntityId, FieldSchema, Misfits, Subject, TypeId, Value, ValueRef, compile_pattern,
};
use crate::tree::{Tree, referred};

/// Looks at the values of one field.
pub(super) struct Fit<'a> {
    tree: &'a Tree,
    field: &'a FieldSchema,
    pattern: Option<regex_lite::Regex>,
    /// The type that a reference must be of: none at all if no entity can be of it yet.
    target: Option<Option<TypeId>>,
    seen: FxHashMap<String, EntityId>,
    pub(super) misfits: Misfits,
}

impl<'a> Fit<'a> {
    pub(super) fn new(
        tree: &'a Tree,
        field: &'a FieldSchema,
        target: Option<Option<TypeId>>,
    ) -> Self {
        let pattern = field.pattern.as_deref();
        Self {
            tree,
            field,
            pattern: pattern.and_then(|pattern| compile_pattern(pattern).ok()),
            target,
            seen: FxHashMap::default(),
            misfits: Misfits::default(),
        }
    }

    /// Notes an entity whose value does not fit.
    pub(super) fn look(&mut self, id: EntityId, value: Option<&Value>) {
        let reason = match value {
            Some(value) => self.fault(id, value),
            None if self.field.required && self.field.default.is_none() => {
                Some("has no value".to_owned())
            }
            None => None,
        };
        if let Some(reason) = reason {
            self.note(id, reason);
        }
    }

    pub(super) fn note(&mut self, id: EntityId, reason: String) {
        let tree = self.tree;
        self.misfits.note(|| tree.subject(id), reason);
    }

    fn fault(&mut self, id: EntityId, value: &Value) -> Option<String> {
        let (size, limit) = (value.size(), self.tree.limits().value);
        if size > limit {
            return Some(format!(
                "would hold {size} bytes, at most {limit} are allowed"
            ));
        }
        if let Some(reason) = self.field.violation(value.as_ref(), self.pattern.as_ref()) {
            return Some(format!("holds {value:?}, which {reason}"));
        }
        if let Some(other) = referred(value)
            .iter()
            .find(|other| !self.may_refer_to(**other))
        {
            let expected = self.field.target.as_deref().unwrap_or_default();
            return Some(format!(
                "refers to {}, which is no {expected}",
                self.subject(*other)
            ));
        }
        if !self.field.unique {
            return None;
        }
        // There is one zero.
        let same = match value.as_ref() {
            ValueRef::Float(number) => format!("{:?}", number + 0.0),
            value => format!("{value:?}"),
        };
        let other = *self.seen.entry(same).or_insert(id);
        (other != id).then(|| format!("holds {value:?}, as {} does", self.subject(other)))
    }

    fn may_refer_to(&self, other: EntityId) -> bool {
        let is_a = |target: Option<TypeId>| {
            let entity_type = self.tree.entity(other).map(|other| other.entity_type());
            entity_type
                .zip(target)
                .is_some_and(|(is, target)| self.tree.is_a(is, target))
        };
        self.target.is_none_or(is_a)
    }

    fn subject(&self, id: EntityId) -> Subject {
        self.tree.subject(id)
    }
}
