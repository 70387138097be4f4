//! Everything that a tree shows, beside the naive model.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Mark, Model, Refusal};
use super::pool;
use crate::model::{Effect, EntityId, Error, FieldId, Stamp, Value};
use crate::tree::{Effects, EntityRef, Tree};

/// The error in the model's terms.
pub(super) fn refusal(error: &Error) -> Refusal {
    let text = format!("{error:?}");
    let kind = text
        .split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or_default();
    let (entity, field) = match error {
        Error::WrongType { entity, field, .. }
        | Error::Constraint { entity, field, .. }
        | Error::Unset { entity, field }
        | Error::Dangling { entity, field, .. }
        | Error::NotUnique { entity, field, .. }
        | Error::Overflow { entity, field }
        | Error::WrongWrite { entity, field, .. }
        | Error::ValueTooLarge { entity, field, .. }
        | Error::Conflict { entity, field }
        | Error::Expectation { entity, field, .. } => (Some(entity.id), Some(field.to_string())),
        Error::Missing { entity }
        | Error::Exists { entity }
        | Error::Referenced { entity, .. }
        | Error::Cycle { entity, .. }
        | Error::TooDeep { entity, .. }
        | Error::DuplicateName { parent: entity, .. } => (Some(entity.id), None),
        Error::UnknownField { field, .. } => (None, Some(field.to_string())),
        _ => (None, None),
    };
    // A field that no type has cannot be named.
    let field = field.filter(|name| !name.starts_with('('));
    Refusal {
        kind: Box::leak(kind.to_owned().into_boxed_str()),
        entity,
        field,
    }
}

/// Whether two refusals are the same, as far as both say.
pub(super) fn agree(ours: &Refusal, theirs: &Refusal) -> bool {
    let field = ours.field.is_none() || theirs.field.is_none() || ours.field == theirs.field;
    ours.kind == theirs.kind && ours.entity == theirs.entity && field
}

fn mark(tree: &Tree, stamp: Stamp) -> Mark {
    Mark {
        revision: stamp.revision,
        time: stamp.time,
        writer: tree.writer(stamp.writer).to_string(),
        quality: stamp.quality,
    }
}

/// `Type.Field`, where the type is the one that declares the field.
pub(super) fn key(tree: &Tree, field: FieldId) -> String {
    let (declared_by, name) = &tree.fields[field.0 as usize];
    match field {
        FieldId::DESCRIPTION => ".Description".to_owned(),
        _ => format!("{}.{name}", tree.type_name(*declared_by)),
    }
}

pub(super) fn state(tree: &Tree, model: &Model) {
    assert_eq!(tree.revision(), model.revision);
    assert_eq!(tree.time(), model.time);
    assert_eq!(*tree.limits(), model.limits);
    assert_eq!(tree.len(), model.entities.len());
    for election in ["main", "other"] {
        assert_eq!(tree.fence(election), model.fence(election));
    }
    let cursors = tree.cursors();
    let cursors: BTreeMap<_, _> = cursors.map(|(name, at)| (name.to_string(), at)).collect();
    assert_eq!(cursors, model.cursors);
    let schemas: Vec<_> = tree.types().map(|each| tree.schema(each).clone()).collect();
    assert_eq!(schemas, model.types);
    for schema in &model.types {
        of_type(tree, model, &schema.name);
    }
    for id in (0..pool::IDS).map(pool::id).chain([EntityId::ROOT]) {
        match (tree.entity(id), model.entities.contains_key(&id)) {
            (Some(entity), true) => one(entity, model),
            (None, false) => {
                let missing = Error::Missing { entity: id.into() };
                assert_eq!(tree.existing(id).unwrap_err(), missing);
            }
            (found, _) => panic!("{id}: {found:?} is there, or is not"),
        }
    }
    let image: Vec<_> = tree
        .image()
        .entities
        .iter()
        .map(|entity| entity.id)
        .collect();
    let mut preorder = Vec::new();
    let mut pending: Vec<_> = model
        .entities
        .keys()
        .copied()
        .filter(|id| *id == EntityId::ROOT)
        .collect();
    while let Some(id) = pending.pop() {
        preorder.push(id);
        pending.extend(model.entities[&id].children.iter().rev());
    }
    assert_eq!(image, preorder);
}

fn of_type(tree: &Tree, model: &Model, name: &str) {
    let entity_type = tree.type_id(name).unwrap();
    assert_eq!(tree.count(entity_type), model.count(name));
    let ours: BTreeSet<_> = tree.entities(entity_type).map(EntityRef::id).collect();
    let theirs: BTreeSet<_> = model
        .entities
        .iter()
        .filter(|(_, being)| model.is_a(&being.entity_type, name))
        .map(|(id, _)| *id)
        .collect();
    assert_eq!(ours, theirs);
    let layout = model.layout(name);
    let fields: Vec<_> = tree.field_ids(entity_type).collect();
    assert_eq!(fields.len(), layout.len());
    for (field, (expected, schema)) in fields.iter().zip(&layout) {
        assert_eq!(key(tree, *field), *expected);
        assert_eq!(tree.field_schema(entity_type, *field), Some(schema));
        assert_eq!(tree.field_id(entity_type, &schema.name), Ok(*field));
    }
}

fn one(entity: EntityRef<'_>, model: &Model) {
    let (tree, id) = (entity.tree(), entity.id());
    let being = &model.entities[&id];
    assert_eq!(*entity.type_name(), being.entity_type);
    assert_eq!(*entity.name(), being.name);
    assert_eq!(entity.parent().map(EntityRef::id), being.parent);
    let children: Vec<_> = entity.children().map(EntityRef::id).collect();
    assert_eq!(children, being.children, "children of {id}");
    assert_eq!(entity.child_count(), being.children.len());
    for child in &being.children {
        let name = &model.entities[child].name;
        assert_eq!(entity.child(name).map(EntityRef::id), Some(*child));
    }
    for name in pool::NAMES {
        let known = being
            .children
            .iter()
            .any(|child| model.entities[child].name == name);
        assert_eq!(entity.child(name).is_some(), known);
    }
    assert_eq!(entity.path(), model.path(id));
    assert_eq!(tree.at_path(&entity.path()), Ok(id));
    let placed = mark(tree, entity.stamp(FieldId::NAME).unwrap());
    assert_eq!(placed, being.placed, "the place of {id}");
    let family = entity.stamp(FieldId::CHILDREN).unwrap().revision;
    assert_eq!(family, being.family, "the children of {id}");
    assert_eq!(
        entity.value(FieldId::CHILDREN),
        Ok(Some(Value::EntityList(being.children.clone().into())))
    );
    for field in tree.field_ids(entity.entity_type()) {
        let key = key(tree, field);
        let (value, stamp) = match being.cells.get(&key) {
            Some(cell) => (cell.value.clone(), cell.mark.clone()),
            None => (None, Mark::never()),
        };
        assert_eq!(entity.value(field), Ok(value), "{id}: {key}");
        assert_eq!(
            mark(tree, entity.stamp(field).unwrap()),
            stamp,
            "{id}: {key}"
        );
    }
}

/// The changes are those that lead from one state to the other, none twice.
pub(super) fn changes(tree: &Tree, before: &Model, after: &Model, changes: &Effects) {
    let revision = after.revision;
    let mut expected = BTreeSet::new();
    for (id, being) in &after.entities {
        let same = after.same_life(*id, before);
        if !same {
            expected.insert(format!("created {id}"));
        } else if being.placed.revision == revision {
            expected.insert(format!("placed {id}"));
        }
        for (key, cell) in &being.cells {
            if cell.mark.revision == revision {
                expected.insert(format!("{key} of {id}"));
            }
        }
    }
    for (id, being) in &before.entities {
        if !after.same_life(*id, before) {
            expected.insert(format!("deleted {id}"));
            continue;
        }
        for (key, cell) in &being.cells {
            if cell.value.is_some() && !after.entities[id].cells.contains_key(key) {
                expected.insert(format!("{key} of {id}"));
            }
        }
    }
    let mut found = BTreeSet::new();
    let mut note = |text: String| {
        assert!(found.insert(text.clone()), "{text} twice: {changes:?}");
    };
    for change in changes {
        let text = match change {
            Effect::Field(change) => {
                let key = key(tree, change.field);
                if !change.is_change() && !layout_has(after, change.id, &key) {
                    // Unset as it was before, then left out of the schema.
                    continue;
                }
                let same = after.same_life(change.id, before);
                let cell = |model: &Model| {
                    let cell = model.entities.get(&change.id)?.cells.get(&key)?;
                    cell.value.clone()
                };
                assert_eq!(change.current, cell(after));
                assert_eq!(change.previous, if same { cell(before) } else { None });
                let was = before.entities.get(&change.id).filter(|_| same);
                let was = was.and_then(|was| was.cells.get(&key));
                let stamp = was.map_or_else(Mark::never, |was| was.mark.clone());
                assert_eq!(mark(tree, change.previous_stamp), stamp);
                format!("{key} of {}", change.id)
            }
            Effect::Created(created) => {
                let held = &after.entities[&created.id].cells;
                for (field, value) in created.values.iter() {
                    let key = key(tree, *field);
                    assert_eq!(held[&key].value.as_ref(), Some(value));
                    note(format!("{key} of {}", created.id));
                }
                format!("created {}", created.id)
            }
            Effect::Placed(placement) => format!("placed {}", placement.id),
            Effect::Deleted(deleted) => format!("deleted {}", deleted.id),
            Effect::Schema(change) => {
                let name = &change.current.name;
                assert_eq!(Some(&change.current), after.schema(name));
                assert_eq!(change.previous.as_ref(), before.schema(name));
                format!("schema {name}")
            }
        };
        note(text);
    }
    for schema in &after.types {
        if before.schema(&schema.name) != Some(schema) {
            expected.insert(format!("schema {}", schema.name));
        }
    }
    // A type may also have been redefined and be as it was.
    found.retain(|text| !text.starts_with("schema") || expected.contains(text));
    assert_eq!(found, expected);
}

fn layout_has(model: &Model, id: EntityId, key: &str) -> bool {
    let layout = model.layout(&model.entities[&id].entity_type);
    layout.iter().any(|(known, _)| known == key)
}

/// Where every entity stands and what it holds.
type Facts = BTreeMap<EntityId, (String, Option<EntityId>, String, BTreeMap<String, Value>)>;

fn facts(model: &Model) -> Facts {
    let held = |being: &super::model::Being| {
        let held = being.cells.iter();
        held.filter_map(|(key, cell)| Some((key.clone(), cell.value.clone()?)))
            .collect()
    };
    let fact = |being: &super::model::Being| {
        (
            being.entity_type.clone(),
            being.parent,
            being.name.clone(),
            held(being),
        )
    };
    model
        .entities
        .iter()
        .map(|(id, being)| (*id, fact(being)))
        .collect()
}

/// The changes, applied backwards to what is, give what was.
pub(super) fn backwards(tree: &Tree, before: &Model, after: &Model, changes: &Effects) {
    let mut facts_now = facts(after);
    let some = |parent: EntityId| (parent.as_u128() != 0).then_some(parent);
    for change in changes.iter().rev() {
        match change {
            Effect::Field(change) => {
                let held = &mut facts_now.get_mut(&change.id).unwrap().3;
                let key = key(tree, change.field);
                match change.previous.clone() {
                    Some(value) => held.insert(key, value),
                    None => held.remove(&key),
                };
            }
            Effect::Created(created) => {
                let gone = facts_now.remove(&created.id).unwrap();
                let values = created.values.iter().cloned();
                let values = values.map(|(field, value)| (key(tree, field), value));
                let place = (some(created.place.parent), created.place.name.to_string());
                assert_eq!((gone.1, gone.2), place);
                assert_eq!(gone.3, values.collect());
            }
            Effect::Placed(placement) => {
                let from = &placement.from;
                let fact = facts_now.get_mut(&placement.id).unwrap();
                assert_eq!(
                    (fact.1, fact.2.as_str()),
                    (some(placement.to.parent), placement.to.name.as_str())
                );
                (fact.1, fact.2) = (some(from.parent), from.name.to_string());
            }
            Effect::Deleted(deleted) => {
                let held = deleted.fields.iter();
                let fact = (
                    tree.type_name(deleted.entity_type).to_string(),
                    some(deleted.place.parent),
                    deleted.place.name.to_string(),
                    held.filter_map(|(field, value, _)| Some((key(tree, *field), value.clone()?)))
                        .collect(),
                );
                assert!(facts_now.insert(deleted.id, fact).is_none());
            }
            Effect::Schema(_) => {}
        }
    }
    assert_eq!(facts_now, facts(before));
    children_revisions(before, changes);
}

/// The lowest children's revision that the changes name for a parent is that from before.
fn children_revisions(before: &Model, changes: &Effects) {
    let mut lowest = BTreeMap::new();
    let mut note = |parent: EntityId, revision: u64| {
        let known = lowest.entry(parent).or_insert(revision);
        *known = revision.min(*known);
    };
    for change in changes {
        match change {
            Effect::Created(created) => {
                note(created.place.parent, created.place.children_revision);
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
    for (parent, revision) in lowest {
        let expected = before.entities.get(&parent).map_or(0, |being| being.family);
        assert_eq!(revision, expected, "children of {parent}: {changes:?}");
    }
}
