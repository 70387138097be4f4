//! What a plan says, and what it leads to.

use qlib::{FieldSchema, Kind, OnDelete, Schema, Timestamp, Value};

use crate::{migrated, planned, store, value, wanted, written};

fn int(value: i64) -> Value {
    Value::Int(value)
}

#[test]
fn what_is_wanted_is_added_and_what_is_not_stays() {
    let level = FieldSchema::new(Kind::Int).required();
    let lamp = Schema::new("Lamp").field("Level", level.clone());
    let store = store(&[lamp], &[("Desk", "Lamp", &[("Level", int(3))])]);
    let maker = FieldSchema::new(Kind::String)
        .default_value("Acme")
        .required();
    let wanted = wanted([
        Schema::new("Room").field("Doors", Kind::Int),
        Schema::new("Lamp")
            .doc("Gives light.")
            .field("Maker", maker.index())
            .field("Room", FieldSchema::reference("Room")),
    ]);
    insta::assert_snapshot!(migrated(&store, &wanted));
    assert_eq!(value(&store, "/Desk", "Level"), Some(int(3)));
    assert_eq!(value(&store, "/Desk", "Maker"), Some("Acme".into()));
    let names: Vec<_> = store
        .schema("Lamp")
        .unwrap()
        .fields
        .into_iter()
        .map(|field| field.name)
        .collect();
    assert_eq!(names, ["Level", "Maker", "Room"]);
}

#[test]
fn names_change_and_all_else_stays() {
    let lamp = Schema::new("Lamp").field("Watts", FieldSchema::new(Kind::Int).required().unique());
    let spot = Schema::new("Spot")
        .extends("Lamp")
        .field("Angle", Kind::Int);
    let plug = Schema::new("Plug").field("For", FieldSchema::reference("Lamp").required());
    let store = store(
        &[lamp, spot, plug],
        &[
            ("Desk", "Lamp", &[("Watts", int(40))]),
            ("Stage", "Spot", &[("Watts", int(60))]),
        ],
    );
    let power = FieldSchema::new(Kind::Int)
        .required()
        .unique()
        .was("Energy")
        .was("Watts");
    let wanted = wanted([Schema::new("Light").was("Lamp").field("Power", power)]);
    let before = store.revision();
    insta::assert_snapshot!(migrated(&store, &wanted));
    assert_eq!(value(&store, "/Stage", "Power"), Some(int(60)));
    assert!(written(&store, "/Stage", "Power") <= before);
    assert_eq!(store.schema("Spot").unwrap().base.as_deref(), Some("Light"));
    let target = store.schema("Plug").unwrap().fields[0].target.clone();
    assert_eq!(target.as_deref(), Some("Light"));
}

#[test]
fn constraints_and_descriptions_change_where_all_fits() {
    let level = FieldSchema::new(Kind::Int)
        .range(0..=100)
        .required()
        .index();
    let lamp = Schema::new("Lamp")
        .field("Level", level)
        .field(
            "Code",
            FieldSchema::new(Kind::String).max_length(8).unique(),
        )
        .field("Mode", FieldSchema::choice(["Off", "On"]))
        .field("Near", FieldSchema::reference("Lamp"));
    let values: &[_] = &[
        ("Level", int(50)),
        ("Code", "abc".into()),
        ("Mode", Value::Choice("On".into())),
    ];
    let store = store(&[lamp], &[("Desk", "Lamp", values)]);
    let mut level = FieldSchema::new(Kind::Int).range(10..80);
    (level.rank, level.unit) = (-1, "%".into());
    let wanted = wanted([Schema::new("Lamp")
        .field("Level", level)
        .field("Code", FieldSchema::new(Kind::String).pattern("[a-z]+"))
        .field("Mode", FieldSchema::choice(["Dim", "On", "Off"]).index())
        .field(
            "Near",
            FieldSchema::new(Kind::EntityReference).on_delete(OnDelete::Refuse),
        )]);
    insta::assert_snapshot!(migrated(&store, &wanted));
    assert_eq!(
        value(&store, "/Desk", "Mode"),
        Some(Value::Choice("On".into()))
    );
}

#[test]
fn kinds_change_where_nothing_is_lost() {
    let thing = Schema::new("Thing")
        .field("Count", FieldSchema::new(Kind::Int).required())
        .field("Ratio", Kind::Float)
        .field("On", Kind::Bool)
        .field("At", Kind::Timestamp)
        .field("Mode", FieldSchema::choice(["A", "B"]))
        .field("Label", FieldSchema::new(Kind::String).index())
        .field("Empty", Kind::BinaryFile);
    let values: &[_] = &[
        ("Count", int(3)),
        ("Ratio", Value::Float(0.1)),
        ("On", Value::Bool(true)),
        ("At", Value::Timestamp(Timestamp::EPOCH)),
        ("Mode", Value::Choice("B".into())),
        ("Label", "Warm".into()),
    ];
    let special = Schema::new("Special").extends("Thing");
    let entities = [("A", "Thing", values), ("B", "Special", &values[..1])];
    let store = store(&[thing, special], &entities);
    let text = || FieldSchema::new(Kind::String);
    let wanted = wanted([Schema::new("Thing")
        .field(
            "Amount",
            FieldSchema::new(Kind::Float)
                .required()
                .range(0.0..)
                .was("Count"),
        )
        .field("Ratio", text())
        .field("On", text())
        .field("At", text())
        .field("Mode", text())
        .field("Label", FieldSchema::choice(["Cold", "Warm"]).index())
        .field("Empty", Kind::Int)]);
    insta::assert_snapshot!(migrated(&store, &wanted));
    assert_eq!(value(&store, "/A", "Amount"), Some(Value::Float(3.0)));
    assert_eq!(value(&store, "/B", "Amount"), Some(Value::Float(3.0)));
    assert_eq!(value(&store, "/A", "Ratio"), Some("0.1".into()));
    assert_eq!(value(&store, "/B", "Ratio"), None);
    assert_eq!(value(&store, "/A", "On"), Some("true".into()));
    assert_eq!(
        value(&store, "/A", "At"),
        Some("1970-01-01T00:00:00Z".into())
    );
    assert_eq!(value(&store, "/A", "Mode"), Some("B".into()));
    assert_eq!(
        value(&store, "/A", "Label"),
        Some(Value::Choice("Warm".into()))
    );
    assert_eq!(
        store.schema("Thing").unwrap().fields,
        wanted.schemas[0].fields
    );
}

#[test]
fn fields_go_only_where_that_is_allowed() {
    let lamp = Schema::new("Lamp")
        .field("Old", FieldSchema::new(Kind::Int).required().index())
        .field("Older", Kind::EntityReference);
    let store = store(
        &[lamp],
        &[
            ("Desk", "Lamp", &[("Old", int(1))]),
            ("Hall", "Lamp", &[("Old", int(2))]),
        ],
    );
    let mut wanted = wanted([Schema::new("Lamp")]);
    assert!(planned(&store, &wanted).is_empty());
    wanted.allow_removal = true;
    insta::assert_snapshot!(migrated(&store, &wanted));
    assert_eq!(store.schema("Lamp").unwrap(), wanted.schemas[0]);
}

#[test]
fn a_plan_is_void_once_the_types_have_changed() {
    let store = store(&[Schema::new("Lamp")], &[]);
    let made = planned(&store, &wanted([Schema::new("Lamp").doc("One.")]));
    migrated(&store, &wanted([Schema::new("Lamp").doc("Two.")]));
    let stale = qlib_tests::run(async { store.migrate(&made).await.unwrap_err() });
    assert!(
        matches!(stale, qlib::Error::StalePlan { made_from, now } if made_from < now),
        "{stale}"
    );
}
