//! What leads from one tree to another.

use std::sync::Arc;

use crate::model::{
    CreatedEntity, DeletedEntity, Effect, EntityId, FieldChange, FieldId, Place, Placement,
    SchemaChange, Stamp, Value, ValueRef,
};
use crate::tree::apply::Effects;
use crate::tree::{EntityRef, Tree};

/// What leads from one tree to the other, which knows all types of the one under the same numbers:
/// types, then deletions from the leaves up, then the rest from the Root down.
pub(super) fn difference(old: &Tree, new: &Tree) -> Effects {
    let mut effects = schemas(old, new);
    for before in preorder(old).into_iter().rev() {
        if counterpart(before, new).is_none() {
            effects.push(Effect::Deleted(Arc::new(deleted(before))));
        }
    }
    for now in preorder(new) {
        let before = counterpart(now, old);
        match before {
            Some(before) => {
                effects.extend(placement(now, before, old));
                fields(now, before, &mut effects);
            }
            None => effects.push(Effect::Created(Arc::new(created(now, old)))),
        }
    }
    effects
}

fn schemas(old: &Tree, new: &Tree) -> Effects {
    let known = old.types().count();
    let changed = new.types().filter_map(|entity_type| {
        let known = ((entity_type.0 as usize) < known).then_some(entity_type);
        let previous = known.map(|known| old.schema(known).clone());
        let current = new.schema(entity_type).clone();
        (previous.as_ref() != Some(&current)).then(|| {
            Effect::Schema(Arc::new(SchemaChange {
                entity_type,
                previous,
                previous_base: known.and_then(|known| old.base(known)),
                current,
            }))
        })
    });
    changed.collect()
}

/// An entity that was not there before. None of its fields was ever unset: an image holds values.
fn created(now: EntityRef<'_>, old: &Tree) -> CreatedEntity {
    let value = |field| Some((field, now.column(field).ok()??.to_value()));
    CreatedEntity {
        id: now.id(),
        entity_type: now.entity_type(),
        place: place(now, old),
        values: now
            .tree()
            .field_ids(now.entity_type())
            .filter_map(value)
            .collect(),
    }
}

/// How an entity came to where it stands, if it did not stand there.
fn placement(now: EntityRef<'_>, before: EntityRef<'_>, old: &Tree) -> Option<Effect> {
    let (from, to) = (place(before, old), place(now, old));
    let differs = (from.parent, &from.name) != (to.parent, &to.name);
    differs.then(|| {
        Effect::Placed(Arc::new(Placement {
            id: now.id(),
            entity_type: now.entity_type(),
            from,
            to,
            previous_stamp: before.stamp(FieldId::NAME).unwrap_or(Stamp::NEVER),
        }))
    })
}

/// The fields that differ, those that only the one tree knows among them.
fn fields(now: EntityRef<'_>, before: EntityRef<'_>, effects: &mut Effects) {
    let cell = |entity: EntityRef<'_>, field: FieldId| -> (Option<Value>, Stamp) {
        let value = entity.column(field).ok().flatten().map(ValueRef::to_value);
        (value, entity.stamp(field).unwrap_or(Stamp::NEVER))
    };
    let current_fields = || now.tree().field_ids(now.entity_type());
    let fields_before = before.tree().field_ids(before.entity_type());
    let left_out = fields_before.filter(|field| {
        before.column(*field).is_ok_and(|value| value.is_some())
            && current_fields().all(|current| current != *field)
    });
    for field in current_fields().chain(left_out) {
        let (previous, previous_stamp) = cell(before, field);
        let (current, stamp) = cell(now, field);
        if stamp != previous_stamp {
            effects.push(Effect::Field(FieldChange {
                id: now.id(),
                entity_type: now.entity_type(),
                field,
                previous,
                previous_stamp,
                current,
            }));
        }
    }
}

fn preorder(tree: &Tree) -> Vec<EntityRef<'_>> {
    let mut order = Vec::with_capacity(tree.len());
    let mut pending: Vec<_> = tree.entity(EntityId::ROOT).into_iter().collect();
    while let Some(entity) = pending.pop() {
        order.push(entity);
        pending.extend(entity.children());
    }
    order
}

/// The same entity in the other tree: same id, same type.
fn counterpart<'a>(entity: EntityRef<'_>, other: &'a Tree) -> Option<EntityRef<'a>> {
    other
        .entity(entity.id())
        .filter(|found| found.entity_type() == entity.entity_type())
}

/// Where an entity stands, the Root nowhere; when the children there had changed last in the `old`
/// tree.
fn place(entity: EntityRef<'_>, old: &Tree) -> Place {
    let parent = entity
        .parent()
        .map_or(EntityId::from_u128(0), EntityRef::id);
    Place {
        parent,
        name: entity.name().clone(),
        after: None,
        children_revision: old.children_revision(parent),
    }
}

fn deleted(entity: EntityRef<'_>) -> DeletedEntity {
    let tree = entity.tree();
    let fields = tree.field_ids(entity.entity_type()).filter_map(|field| {
        let stamp = entity.stamp(field).ok()?;
        let value = entity.column(field).ok()?.map(ValueRef::to_value);
        (stamp.revision != 0).then_some((field, value, stamp))
    });
    DeletedEntity {
        id: entity.id(),
        entity_type: entity.entity_type(),
        place: place(entity, tree),
        stamp: entity.stamp(FieldId::NAME).unwrap_or(Stamp::NEVER),
        children_revision: tree.children_revision(entity.id()),
        fields: fields.collect(),
    }
}
