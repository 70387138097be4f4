//! Why a plan cannot be made: every reason at once, each with what it concerns.

use qlib::prelude::*;
use qlib::{FieldSchema, Kind, Schema, Value};

use crate::{migrated, refused, store, wanted};

#[test]
fn every_reason_is_given_at_once() {
    let lamp = Schema::new("Lamp")
        .field("Level", Kind::Int)
        .field("Code", Kind::String)
        .field("Mode", FieldSchema::choice(["Off", "Dim", "On"]))
        .field("Blob", Kind::BinaryFile)
        .field("Big", Kind::Int)
        .field("Near", Kind::EntityReference);
    let names: Vec<String> = (0..12).map(|number| format!("L{number:02}")).collect();
    let values: Vec<_> = (0..12)
        .map(|number| {
            [
                ("Level", Value::Int(number)),
                ("Code", "same".into()),
                ("Mode", Value::Choice("Dim".into())),
                ("Blob", vec![1u8].into()),
                ("Big", Value::Int(i64::MAX)),
                ("Near", Value::EntityReference(EntityId::ROOT)),
            ]
        })
        .collect();
    let entities: Vec<_> = names
        .iter()
        .zip(&values)
        .map(|(name, values)| (name.as_str(), "Lamp", &values[..]))
        .collect();
    let special = Schema::new("Special").extends("Lamp");
    let mut entities = entities;
    entities.truncate(12);
    entities.push(("S", "Special", &[]));
    let store = store(&[lamp, special], &entities);
    let wanted = wanted([
        Schema::new("Base"),
        Schema::new("Lamp")
            .field("Level", FieldSchema::new(Kind::Int).range(..=0).required())
            .field("Code", FieldSchema::new(Kind::String).unique())
            .field("Mode", FieldSchema::choice(["Off", "On"]))
            .field("Blob", Kind::String)
            .field("Big", Kind::Float)
            .field("Near", FieldSchema::reference("Lamp"))
            .field("New", FieldSchema::new(Kind::Bool).required()),
        Schema::new("Special").extends("Base"),
    ]);
    insta::assert_snapshot!(refused(&store, &wanted));
}

#[test]
fn an_older_version_is_told_that_names_changed() {
    let newer = Schema::new("Light")
        .was("Lamp")
        .was("Bulb")
        .field("Power", FieldSchema::new(Kind::Int).was("Watts"));
    let store = store(&[newer], &[]);
    let older = wanted([Schema::new("Bulb").field("Watts", Kind::Int)]);
    insta::assert_snapshot!(refused(&store, &older));
    let older = wanted([Schema::new("Light").field("Watts", Kind::Int)]);
    insta::assert_snapshot!(refused(&store, &older));
    // A name that is used again is another field.
    let both = Schema::new("Light")
        .field("Power", Kind::Int)
        .field("Watts", Kind::Float);
    insta::assert_snapshot!(migrated(&store, &wanted([both])));
}

#[test]
fn types_that_contradict_themselves_or_others_are_refused() {
    let store = store(&[Schema::new("Lamp").field("Old", Kind::Int)], &[]);
    let wanted = wanted([
        Schema::new("Thing").field("Old", Kind::Int),
        Schema::new("Lamp").extends("Thing"),
        Schema::new("Bad").field("Level", FieldSchema::new(Kind::Bool).range(0..=1)),
        Schema::new("Worse").field("Room", FieldSchema::reference("Nowhere")),
    ]);
    insta::assert_snapshot!(refused(&store, &wanted));
    let nowhere =
        crate::wanted([Schema::new("Worse").field("Room", FieldSchema::reference("Nowhere"))]);
    insta::assert_snapshot!(refused(&store, &nowhere));
}
