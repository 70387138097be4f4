//! Types and fields that get other names, and fields whose place another one takes.

use super::integrity;
use crate::model::{
    Create, EntityId, Error, FieldId, FieldSchema, Kind, Op, Quality, Result, Revision, Schema,
    Stamp, Timestamp, Value, Write, WriteMode,
};
use crate::tree::{Effects, EntityRef, Tree};

const LAMP: EntityId = EntityId::from_u128(101);
const SPOT: EntityId = EntityId::from_u128(102);
const PLUG: EntityId = EntityId::from_u128(103);

fn set(schema: Schema) -> Op {
    Op::SetSchema(Box::new(schema))
}

fn lamp() -> Schema {
    let watts = FieldSchema::new(Kind::Int).required().index();
    Schema::new("Lamp").field("Watts", watts)
}

/// Applies steps that are made one after another from what those before them led to.
fn apply(tree: &mut Tree, steps: &[&dyn Fn(&Tree) -> Op]) -> Result<Effects> {
    let mut scratch = tree.clone();
    let mut commit = crate::model::Commit::default();
    for step in steps {
        let op = step(&scratch);
        scratch.try_steps(std::slice::from_ref(&op), tree.revision() + 1)?;
        commit.ops.push(op);
    }
    let outcome = tree.apply(&commit, tree.revision() + 1, Timestamp::from_nanos(7));
    integrity::check(tree);
    outcome
}

fn field(tree: &Tree, name: &str) -> FieldId {
    tree.field_id(tree.type_id("Lamp").unwrap(), name).unwrap()
}

fn write(tree: &Tree, id: EntityId, name: &str, value: impl Into<Value>) -> Op {
    Op::Write(Write {
        id,
        field: field(tree, name),
        value: Some(value.into()),
        mode: WriteMode::Always,
        quality: Quality::Good,
    })
}

/// A lamp, a spotlight, which is one too, and a plug that refers to the lamp.
fn house() -> Tree {
    let mut tree = Tree::default();
    let create = |id, entity_type: &'static str, values: &'static [(&str, i64)]| {
        move |tree: &Tree| {
            let entity_type = tree.type_id(entity_type).unwrap();
            let values = values.iter().map(|(name, value)| {
                (
                    tree.field_id(entity_type, name).unwrap(),
                    Value::Int(*value),
                )
            });
            Op::Create(Box::new(Create {
                id,
                entity_type,
                parent: EntityId::ROOT,
                name: format!("{id}").into(),
                values: values.collect(),
            }))
        }
    };
    let refer = |tree: &Tree| {
        let plug = tree.type_id("Plug").unwrap();
        Op::Write(Write {
            id: PLUG,
            field: tree.field_id(plug, "For").unwrap(),
            value: Some(Value::EntityReference(LAMP)),
            mode: WriteMode::Always,
            quality: Quality::Good,
        })
    };
    apply(
        &mut tree,
        &[
            &|_| set(Schema::new("Root")),
            &|_| set(lamp()),
            &|_| set(Schema::new("Spot").extends("Lamp")),
            &|_| set(Schema::new("Plug").field("For", FieldSchema::reference("Lamp"))),
            &create(EntityId::ROOT, "Root", &[]),
            &create(LAMP, "Lamp", &[("Watts", 40)]),
            &create(SPOT, "Spot", &[("Watts", 60)]),
            &create(PLUG, "Plug", &[]),
            &refer,
        ],
    )
    .unwrap();
    tree
}

fn held(tree: &Tree, id: EntityId, name: &str) -> (Option<Value>, Revision) {
    let entity = tree.entity(id).unwrap();
    let field = tree.field_id(entity.entity_type(), name).unwrap();
    let stamp: Stamp = entity.stamp(field).unwrap();
    (entity.value(field).unwrap(), stamp.revision)
}

#[test]
fn a_renamed_field_keeps_number_values_and_stamps() {
    let mut tree = house();
    let number = field(&tree, "Watts");
    let renamed = Schema::new("Lamp").field(
        "Power",
        FieldSchema::new(Kind::Int).required().index().was("Watts"),
    );
    apply(&mut tree, &[&|_| set(renamed.clone())]).unwrap();
    assert_eq!(field(&tree, "Power"), number);
    assert_eq!(held(&tree, LAMP, "Power"), (Some(Value::Int(40)), 1));
    assert_eq!(held(&tree, SPOT, "Power"), (Some(Value::Int(60)), 1));
    assert_eq!(tree.schema_revision(), 2);
    assert!(
        tree.field_id(tree.type_id("Lamp").unwrap(), "Watts")
            .is_err()
    );
}

#[test]
fn a_field_that_still_has_its_old_name_is_not_renamed() {
    let mut tree = house();
    let both = lamp().field("Power", FieldSchema::new(Kind::Int).was("Watts"));
    apply(&mut tree, &[&|_| set(both.clone())]).unwrap();
    assert_eq!(held(&tree, LAMP, "Watts").0, Some(Value::Int(40)));
    assert_eq!(held(&tree, LAMP, "Power").0, None);
}

#[test]
fn those_that_name_a_renamed_type_name_it_anew() {
    let mut tree = house();
    let number = tree.type_id("Lamp").unwrap();
    let mut light = lamp().was("Bulb").was("Lamp");
    light.name = "Light".into();
    let changes = apply(&mut tree, &[&|_| set(light.clone())]).unwrap();
    assert_eq!(tree.type_id("Light"), Ok(number));
    assert!(tree.type_id("Lamp").is_err());
    let of = |name: &str| tree.schema(tree.type_id(name).unwrap());
    assert_eq!(of("Spot").base.as_deref(), Some("Light"));
    assert_eq!(of("Plug").fields[0].target.as_deref(), Some("Light"));
    assert_eq!(*of("Light"), light);
    assert_eq!(tree.entities(number).count(), 2);
    assert_eq!(tree.entity(LAMP).map(EntityRef::entity_type), Some(number));
    assert_eq!(held(&tree, LAMP, "Watts"), (Some(Value::Int(40)), 1));
    assert_eq!(changes.len(), 3, "{changes:?}");
}

#[test]
fn a_field_takes_the_place_of_another_with_what_was_made_of_it() {
    let mut tree = house();
    let with_next = lamp().field("Next", Kind::Float);
    apply(&mut tree, &[&|_| set(with_next.clone())]).unwrap();
    let drop = |tree: &Tree| Op::DropField {
        field: field(tree, "Watts"),
        replaced_by: Some(field(tree, "Next")),
    };
    apply(&mut tree, &[&|tree| write(tree, LAMP, "Next", 40.0)]).unwrap();
    let missing = apply(&mut tree, &[&drop]).unwrap_err();
    assert!(matches!(&missing, Error::Conflict { entity, .. } if entity.id == SPOT));
    apply(&mut tree, &[&|tree| write(tree, SPOT, "Next", 60.0)]).unwrap();
    apply(&mut tree, &[&|tree| write(tree, LAMP, "Watts", 41)]).unwrap();
    let late = apply(&mut tree, &[&drop]).unwrap_err();
    assert!(matches!(&late, Error::Conflict { entity, .. } if entity.id == LAMP));

    let replaced = |was: &str| {
        let watts = FieldSchema::new(Kind::Float).required().index().was(was);
        set(Schema::new("Lamp").field("Watts", watts))
    };
    let next = field(&tree, "Next");
    apply(
        &mut tree,
        &[&|tree| write(tree, LAMP, "Next", 41.0), &drop, &|_| {
            replaced("Next")
        }],
    )
    .unwrap();
    assert_eq!(field(&tree, "Watts"), next);
    assert_eq!(held(&tree, LAMP, "Watts").0, Some(Value::Float(41.0)));
    assert_eq!(held(&tree, SPOT, "Watts"), (Some(Value::Float(60.0)), 4));
}
