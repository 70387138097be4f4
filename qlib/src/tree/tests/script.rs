//! Random commits. Each step is a kind and a seed: what it is about is chosen when it runs, from what
//! the model holds then, so that most steps make sense and some nearly do.

use std::sync::Arc;

use proptest::prelude::*;

use super::model::{Mark, Model};
use super::ops::{Condition, Deed, Step};
use super::pool::{self, Rng};
use crate::model::{
    Cursor, CursorMove, EntityId, Image, Limits, Position, Quality, Timestamp, Value, WriteMode,
};

#[derive(Clone, Copy, Debug)]
enum Kind {
    Create,
    Delete,
    Move,
    Rename,
    Write,
    Schema,
    Drop,
    Claim,
    Restore,
    Limits,
    Cursor,
}

/// The seeds of one commit.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    steps: Vec<(Kind, u64)>,
    seed: u64,
}

pub(super) fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let kind = prop_oneof![
        24 => Just(Kind::Create),
        8 => Just(Kind::Delete),
        8 => Just(Kind::Move),
        4 => Just(Kind::Rename),
        40 => Just(Kind::Write),
        6 => Just(Kind::Schema),
        2 => Just(Kind::Drop),
        2 => Just(Kind::Claim),
        2 => Just(Kind::Restore),
        1 => Just(Kind::Limits),
        6 => Just(Kind::Cursor),
    ];
    let steps = prop::collection::vec((kind, any::<u64>()), 1..7);
    let plan = (steps, any::<u64>()).prop_map(|(steps, seed)| Plan { steps, seed });
    prop::collection::vec(plan, 1..40)
}

/// What every script starts from.
pub(super) fn genesis() -> Vec<Deed> {
    let mut steps: Vec<Step> = pool::first_schemas()
        .into_iter()
        .map(Step::SetSchema)
        .collect();
    steps.push(Step::Create {
        id: EntityId::ROOT,
        entity_type: "Root".into(),
        parent: EntityId::ROOT,
        name: "Root".into(),
        values: Vec::new(),
    });
    let mut deeds = vec![Deed::new(steps)];
    for (number, entity_type) in ["Folder", "Thing", "Special", "Folder", "Thing", "Bound"]
        .iter()
        .enumerate()
    {
        let number = number as u128;
        deeds.push(Deed::new(vec![Step::Create {
            id: pool::id(number),
            entity_type: (*entity_type).to_owned(),
            parent: if number < 3 {
                EntityId::ROOT
            } else {
                pool::id(number - 3)
            },
            name: pool::NAMES[number as usize].to_owned(),
            values: Vec::new(),
        }]));
    }
    deeds
}

impl Plan {
    pub(super) fn deed(&self, model: &Model, images: &[Arc<Image>]) -> Deed {
        let mut rng = Rng(self.seed);
        let mut deed = Deed {
            writer: ["", "app", "tool"][rng.below(3)].to_owned(),
            depth: if rng.chance(2) {
                17
            } else {
                rng.below(17) as u8
            },
            fence: rng.chance(10).then(|| fence(&mut rng, model)),
            ..Deed::default()
        };
        while rng.chance(15) {
            deed.expect.push(condition(&mut rng, model));
        }
        let mut later = model.clone();
        let mark = Mark {
            revision: model.revision + 1,
            quality: Quality::Good,
            ..Mark::never()
        };
        for (kind, seed) in &self.steps {
            let step = step(*kind, &mut Rng(*seed), &later, images);
            let so_far = later.clone();
            if later.step(&step, &mark, model).is_err() {
                later = so_far;
            }
            deed.steps.push(step);
        }
        deed
    }
}

fn fence(rng: &mut Rng, model: &Model) -> (String, u64) {
    let election = pool::election(rng);
    let token = model.fence(&election);
    let stale = rng.chance(15);
    (election, token.saturating_sub(stale.into()))
}

fn condition(rng: &mut Rng, model: &Model) -> Condition {
    let id = pool::entity(rng, model);
    if rng.chance(30) {
        let exists = model.entities.contains_key(&id) != rng.chance(10);
        return Condition::Exists { id, exists };
    }
    let mut field = pool::field_of(rng, model, id);
    if rng.chance(20) {
        field = rng.pick(&["Name", "Parent", "Children"]).to_owned();
    }
    let revision = match model.written_at(id, &field) {
        Some(revision) if !rng.chance(10) => revision,
        _ => rng.below(5) as u64,
    };
    Condition::Field {
        id,
        field,
        revision,
    }
}

fn step(kind: Kind, rng: &mut Rng, model: &Model, images: &[Arc<Image>]) -> Step {
    match kind {
        Kind::Create => create(rng, model),
        Kind::Delete => Step::Delete(pool::child(rng, model)),
        Kind::Move => Step::Move {
            id: pool::child(rng, model),
            parent: pool::entity(rng, model),
        },
        Kind::Rename => Step::Write {
            id: pool::child(rng, model),
            field: "Name".into(),
            value: Some(Value::String(pool::name(rng).into())),
            mode: WriteMode::Always,
            quality: Quality::Good,
        },
        Kind::Write => write(rng, model),
        Kind::Schema => Step::SetSchema(pool::schema(rng, model)),
        Kind::Drop => {
            let id = pool::entity(rng, model);
            let being = model.entities.get(&id);
            Step::DropField {
                entity_type: being.map_or("Thing".into(), |being| being.entity_type.clone()),
                field: pool::field_of(rng, model, id),
                replaced_by: rng.chance(50).then(|| pool::field_of(rng, model, id)),
            }
        }
        Kind::Claim => {
            let election = pool::election(rng);
            let token =
                model.fence(&election) + (1 + rng.below(2) as u64) * u64::from(!rng.chance(10));
            Step::Claim { election, token }
        }
        Kind::Restore => {
            let mut image = match images.len() {
                0 => Image::default(),
                count => Image::clone(&images[rng.below(count)]),
            };
            if rng.chance(50) {
                pool::damage(rng, &mut image);
            }
            Step::Restore(Arc::new(image))
        }
        Kind::Cursor => {
            let name = rng.pick(&["audit", "report", "audit", "report", ""]);
            let from = model.cursors.get(name).copied();
            Step::MoveCursor(CursorMove {
                name: name.into(),
                from: if rng.chance(10) { cursor(rng) } else { from },
                to: cursor(rng),
            })
        }
        Kind::Limits => Step::SetLimits(Limits {
            value: [0, 12, 32, 64, 1 << 20, 1 << 20][rng.below(6)],
            commit: if rng.chance(5) { 1000 } else { 1 << 20 },
            depth: [0, 3, 4, 5, 64, 64][rng.below(6)],
            fields: [0, 10, 30, 30, 1024, 70_000][rng.below(6)],
            chain: [3, 16][rng.below(2)],
            hops: rng.below(30),
        }),
    }
}

fn cursor(rng: &mut Rng) -> Option<Cursor> {
    match rng.below(5) {
        0 => None,
        1 | 2 => Some(Cursor::Ticks(Timestamp::from_nanos(rng.below(9) as i64))),
        _ => Some(Cursor::Changes(Position {
            epoch: 1,
            revision: rng.below(9) as u64,
            chain: rng.below(9) as u64,
            read: (rng.below(2) == 0).then_some(3),
        })),
    }
}

fn create(rng: &mut Rng, model: &Model) -> Step {
    let free = || {
        let ids = (0..pool::IDS).map(pool::id);
        ids.filter(|id| !model.entities.contains_key(id))
            .collect::<Vec<_>>()
    };
    let id = match free() {
        ids if ids.is_empty() || rng.chance(2) => pool::entity(rng, model),
        ids => rng.pick(&ids),
    };
    let types: Vec<_> = model
        .types
        .iter()
        .map(|schema| schema.name.to_string())
        .collect();
    let entity_type = if rng.chance(3) || types.is_empty() {
        "Ghost".to_owned()
    } else {
        rng.pick(&types)
    };
    let mut values = Vec::new();
    for (_, field) in model.layout(&entity_type) {
        let needed = field.required && field.default.is_none();
        if rng.chance(if needed { 97 } else { 35 }) {
            let value = pool::value(rng, model, &field);
            values.push((field.name.to_string(), value));
        }
    }
    if rng.chance(3) {
        values.push((pool::field_of(rng, model, id), Value::Int(1)));
    }
    Step::Create {
        id,
        entity_type,
        parent: pool::entity(rng, model),
        name: pool::name(rng).to_owned(),
        values,
    }
}

fn write(rng: &mut Rng, model: &Model) -> Step {
    if rng.chance(5) {
        return Step::Write {
            id: pool::child(rng, model),
            field: rng
                .pick(&["Parent", "Parent", "Parent", "Children"])
                .to_owned(),
            value: (!rng.chance(5)).then(|| Value::EntityReference(pool::entity(rng, model))),
            mode: rng.pick(&[
                WriteMode::Always,
                WriteMode::IfChanged,
                WriteMode::IfRevision(1),
            ]),
            quality: Quality::Good,
        };
    }
    let id = pool::entity(rng, model);
    let field = pool::field_of(rng, model, id);
    let held = model.entities.get(&id).and_then(|being| {
        let (key, schema) = model.field(&being.entity_type, &field)?;
        Some((schema, being.cells.get(&key).cloned()))
    });
    let Some((schema, cell)) = held else {
        return plain(id, field, pool::any_value(rng, model));
    };
    let value = (!rng.chance(12)).then(|| pool::value(rng, model, &schema));
    let held = cell.as_ref().and_then(|cell| cell.value.clone());
    let number = matches!(held, Some(Value::Int(_) | Value::Float(_)));
    let mode = match rng.below(10) {
        6 if number || rng.chance(3) => WriteMode::Add,
        7 if number || rng.chance(3) => WriteMode::Subtract,
        8 if rng.chance(10) => WriteMode::IfValue(Box::new(value.clone())),
        8 => WriteMode::IfValue(Box::new(held)),
        9 if rng.chance(10) => WriteMode::IfRevision(rng.below(3) as u64),
        9 => WriteMode::IfRevision(cell.map_or(0, |cell| cell.mark.revision)),
        0..4 => WriteMode::Always,
        _ => WriteMode::IfChanged,
    };
    let quality = match rng.below(50) {
        0..5 => Quality::Stale,
        5 | 6 => Quality::Restored,
        7 => Quality::Unset,
        _ => Quality::Good,
    };
    Step::Write {
        id,
        field,
        value,
        mode,
        quality,
    }
}

fn plain(id: EntityId, field: String, value: Value) -> Step {
    Step::Write {
        id,
        field,
        value: Some(value),
        mode: WriteMode::Always,
        quality: Quality::Good,
    }
}
