//! The few ids, names, types, fields and values that random commits are made of.

use std::time::Duration;

use smol_str::SmolStr;

use super::model::Model;
use crate::model::{
    EntityId, FieldSchema, HistoryPolicy, Image, Kind, OnDelete, Quality, Schema, Timestamp, Value,
};

/// SplitMix64.
pub(super) struct Rng(pub(super) u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(super) fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }
}

pub(super) const IDS: u128 = 24;

/// The last three are none.
pub(super) const NAMES: [&str; 12] = [
    "a", "b", "c", "d", "e", "f", "g", "h", "i", "", "x/y", "x\ny",
];

const FIELDS: [&str; 14] = [
    "Count",
    "Ratio",
    "Label",
    "On",
    "Blob",
    "Friend",
    "At",
    "Script",
    "Mode",
    "Friends",
    "Name",
    "Parent",
    "Children",
    "Description",
];

pub(super) fn id(number: u128) -> EntityId {
    EntityId::from_u128(100 + number)
}

/// Mostly one that exists and is not the Root.
pub(super) fn child(rng: &mut Rng, model: &Model) -> EntityId {
    match entity(rng, model) {
        EntityId::ROOT if !rng.chance(2) => id(rng.below(IDS as usize) as u128),
        other => other,
    }
}

/// Mostly a good one.
pub(super) fn name(rng: &mut Rng) -> &'static str {
    let good = NAMES.len() - 3;
    let end = if rng.chance(3) { NAMES.len() } else { good };
    rng.pick(&NAMES[..end])
}

/// Mostly a field that the entity has.
pub(super) fn field_of(rng: &mut Rng, model: &Model, id: EntityId) -> String {
    match model.entities.get(&id) {
        Some(being) if !rng.chance(5) => {
            let layout = model.layout(&being.entity_type);
            layout[rng.below(layout.len())].1.name.to_string()
        }
        _ => rng.pick(&FIELDS).to_owned(),
    }
}

/// Mostly one that exists.
pub(super) fn entity(rng: &mut Rng, model: &Model) -> EntityId {
    let known: Vec<_> = model.entities.keys().copied().collect();
    if known.is_empty() || rng.chance(2) {
        return id(rng.below(IDS as usize) as u128);
    }
    rng.pick(&known)
}

pub(super) fn election(rng: &mut Rng) -> String {
    rng.pick(&["main", "other"]).to_owned()
}

/// Mostly a value that the field may hold.
pub(super) fn value(rng: &mut Rng, model: &Model, field: &FieldSchema) -> Value {
    if rng.chance(4) {
        return any_value(rng, model);
    }
    if field.kind == Kind::Choice && !rng.chance(5) {
        return Value::Choice(rng.pick(&field.choices));
    }
    value_of(rng, model, field.kind)
}

pub(super) fn any_value(rng: &mut Rng, model: &Model) -> Value {
    let kind = rng.pick(&Kind::ALL);
    value_of(rng, model, kind)
}

fn value_of(rng: &mut Rng, model: &Model, kind: Kind) -> Value {
    const FLOATS: [f64; 8] = [
        0.0,
        -0.0,
        1.5,
        -2.0,
        0.5,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
    ];
    let text = |rng: &mut Rng| {
        SmolStr::from(rng.pick(&["", "a", "bc", "abc", "äöü", "long enough to be on the heap"]))
    };
    match kind {
        Kind::Int => Value::Int(rng.pick(&[0, 1, 2, 3, 11, -1, i64::MAX, i64::MIN])),
        Kind::Float => Value::Float(rng.pick(&FLOATS)),
        Kind::String => Value::String(text(rng)),
        Kind::Bool => Value::Bool(rng.chance(50)),
        Kind::BinaryFile => Value::from(vec![7u8; rng.below(5)]),
        Kind::EntityReference => Value::EntityReference(entity(rng, model)),
        Kind::Timestamp => Value::Timestamp(Timestamp::from_nanos(rng.below(4) as i64 - 1)),
        Kind::Transformation => Value::Transformation(text(rng)),
        Kind::Choice => Value::Choice(rng.pick(&["A", "B", "C", "D"]).into()),
        Kind::EntityList => {
            let count = rng.below(4);
            Value::EntityList((0..count).map(|_| entity(rng, model)).collect())
        }
    }
}

/// The types that every script begins with.
pub(super) fn first_schemas() -> Vec<Schema> {
    vec![
        Schema::new("Root").field("Friend", Kind::EntityReference),
        Schema::new("Folder"),
        Schema::new("Thing")
            .field(
                "Count",
                FieldSchema::new(Kind::Int).default_value(3i64).index(),
            )
            .field("Ratio", FieldSchema::new(Kind::Float).unique())
            .field("Label", FieldSchema::new(Kind::String).unique().index())
            .field("Friend", FieldSchema::new(Kind::EntityReference))
            .field("Friends", FieldSchema::new(Kind::EntityList))
            .field("Mode", FieldSchema::choice(["A", "B", "C"])),
        Schema::new("Special")
            .extends("Thing")
            .field("Script", Kind::Transformation)
            .field("Blob", Kind::BinaryFile)
            .field("On", FieldSchema::new(Kind::Bool).default_value(true))
            .field("At", FieldSchema::new(Kind::Timestamp).index()),
        Schema::new("Tied").field("Friend", FieldSchema::reference("Thing").required()),
        Schema::new("Bound")
            .field(
                "Friend",
                FieldSchema::new(Kind::EntityReference).on_delete(OnDelete::Cascade),
            )
            .field(
                "Friends",
                FieldSchema::new(Kind::EntityList).on_delete(OnDelete::Refuse),
            ),
    ]
}

/// A new definition of a type: mostly its old one with something else.
pub(super) fn schema(rng: &mut Rng, model: &Model) -> Schema {
    let names = [
        "Root", "Folder", "Thing", "Special", "Tied", "Bound", "Extra", "More", "x/y",
    ];
    let name = rng.pick(&names);
    let mut schema = model
        .schema(name)
        .cloned()
        .unwrap_or_else(|| Schema::new(name));
    if rng.chance(20) {
        let base = rng.pick(&names);
        schema.base = (base != "x/y" && !rng.chance(30)).then(|| base.into());
    }
    for _ in 0..=rng.below(3) {
        if rng.chance(25) && !schema.fields.is_empty() {
            let at = rng.below(schema.fields.len());
            schema.fields.remove(at);
            continue;
        }
        let field = field(rng);
        match schema
            .fields
            .iter_mut()
            .find(|known| known.name == field.name)
        {
            Some(known) if !rng.chance(2) => *known = field,
            _ => schema.fields.push(field),
        }
    }
    schema
}

fn field(rng: &mut Rng) -> FieldSchema {
    let (name, mut field) = match rng.below(11) {
        0 if rng.chance(10) => ("Count", FieldSchema::new(Kind::Float)),
        0 if rng.chance(30) => ("Count", FieldSchema::new(Kind::Int).range(0i64..=10)),
        0 => (
            "Count",
            FieldSchema::new(Kind::Int).default_value(rng.pick(&[3i64, 12])),
        ),
        1 if rng.chance(30) => ("Ratio", FieldSchema::new(Kind::Float).range(..1.5)),
        1 => ("Ratio", FieldSchema::new(Kind::Float).default_value(-0.0)),
        2 if rng.chance(30) => ("Label", FieldSchema::new(Kind::String).pattern("[a-c]*")),
        2 => ("Label", FieldSchema::new(Kind::String).default_value("a")),
        3 => ("On", FieldSchema::new(Kind::Bool)),
        4 => ("Blob", FieldSchema::new(Kind::BinaryFile)),
        5 => ("Friend", reference(rng, Kind::EntityReference)),
        6 => (
            "At",
            FieldSchema::new(Kind::Timestamp).range(Timestamp::EPOCH..),
        ),
        7 => ("Script", FieldSchema::new(Kind::Transformation)),
        8 => {
            let variants = [
                &["A", "B", "C"][..],
                &["C", "B", "A", "D"],
                &["A"],
                &["A", "A"],
            ];
            (
                "Mode",
                FieldSchema::choice(rng.pick(&variants).iter().copied()),
            )
        }
        9 => ("Friends", reference(rng, Kind::EntityList)),
        _ => (
            rng.pick(&["Name", "a/b", "a->b", "More"]),
            FieldSchema::new(Kind::Int),
        ),
    };
    field.name = name.into();
    if rng.chance(12) {
        field.required = true;
    }
    if rng.chance(15) {
        field.unique = true;
        if rng.chance(90) {
            field.default = None;
        }
    }
    if rng.chance(25) {
        field.index = true;
    }
    if rng.chance(8) {
        field.max_length = Some(rng.below(4));
    }
    if rng.chance(8) {
        field.access.write = Some(rng.pick(&["operator", "guest", "", "a/b"]).into());
    }
    if rng.chance(8) {
        field.history = Some(HistoryPolicy {
            keep: Duration::from_secs(rng.below(3) as u64),
            min_interval: rng.chance(50).then_some(Duration::from_secs(2)),
            deadband: rng.chance(50).then(|| rng.pick(&[0.5, 0.0, f64::NAN])),
        });
    }
    field
}

fn reference(rng: &mut Rng, kind: Kind) -> FieldSchema {
    let rules = [OnDelete::Unset, OnDelete::Refuse, OnDelete::Cascade];
    let mut field = FieldSchema::new(kind).on_delete(rng.pick(&rules));
    if rng.chance(40) {
        field.target = Some(rng.pick(&["Thing", "Special", "Folder", "Nowhere"]).into());
    }
    field
}

/// Spoils an image, or only changes it.
pub(super) fn damage(rng: &mut Rng, image: &mut Image) {
    if image.entities.is_empty() {
        return;
    }
    let at = rng.below(image.entities.len());
    let other = rng.below(image.entities.len());
    match rng.below(12) {
        0 => {
            image.entities.remove(at);
        }
        1 => image.entities.swap(at, other),
        2 => {
            let twice = image.entities[at].clone();
            image.entities.push(twice);
        }
        3 => image.entities[at].name = rng.pick(&NAMES).into(),
        4 => image.entities[at].entity_type = rng.pick(&["Folder", "Ghost", "Thing"]).into(),
        5 => image.entities[at].parent = Some(image.entities[other].id),
        6 | 7 => {
            image.entities[at].fields.pop();
        }
        8 | 9 => {
            if let Some(field) = image.entities[at].fields.last_mut() {
                field.value = Value::Int(rng.below(3) as i64);
                field.writer = "restorer".into();
                field.quality = Quality::Stale;
            }
        }
        10 => {
            if let Some(field) = image.entities[at].fields.last_mut() {
                field.name = rng.pick(&FIELDS).into();
            }
        }
        _ => {
            let type_at = rng.below(image.schemas.len());
            image.schemas.remove(type_at);
        }
    }
}
