//! Migrations that are larger than a commit may be, and what comes between their commits.

use std::sync::Arc;

use super::carry_out::Stages;
use super::{WantedSchemas, plan};
use crate::log::Simulated;
use crate::model::{
    EntityId, Error, FieldSchema, Kind, Limits, Op, Result, Revision, Schema, Value,
};
use crate::store::Store;

fn watts() -> Schema {
    let watts = FieldSchema::new(Kind::Int).required().index();
    Schema::new("Lamp")
        .field("Watts", watts)
        .field("Near", FieldSchema::reference("Lamp"))
}

fn power() -> WantedSchemas {
    let power = FieldSchema::new(Kind::String)
        .required()
        .unique()
        .was("Watts");
    WantedSchemas {
        schemas: vec![Schema::new("Lamp").field("Power", power)],
        ..WantedSchemas::default()
    }
}

fn open(disk: &Simulated) -> Store {
    let disk = Arc::new(disk.clone());
    // So often that what follows a migration begins with a snapshot of it.
    let options = Store::options().snapshot_every(500);
    options.open_disk(disk).unwrap()
}

/// The store as its disk has it.
fn again(store: Store, disk: &Simulated) -> Store {
    let image = store.create_snapshot().image();
    store.shared().read().checkpoints.as_ref().unwrap().wait();
    drop(store);
    let store = open(disk);
    assert_eq!(store.create_snapshot().image(), image);
    store
}

/// A hundred lamps, of which every third is a special one.
fn lamps() -> (Store, Simulated) {
    let disk = Simulated::default();
    let store = open(&disk);
    let made = store.transact(|tx| {
        tx.set_schema(watts());
        tx.set_schema(Schema::new("Special").extends("Lamp"));
        for number in 0..100 {
            let entity_type = ["Special", "Lamp", "Lamp"][number % 3];
            let values = [("Watts", Value::Int(number as i64))];
            tx.create_named(EntityId::ROOT, format!("{number}"), entity_type, values)?;
        }
        Ok(())
    });
    made.unwrap();
    (store, disk)
}

fn stages(store: &Store) -> (Stages, Revision) {
    let snapshot = store.create_snapshot();
    let made = plan(snapshot.tree(), &power()).unwrap();
    (
        Stages::new(&made, snapshot.tree()).unwrap(),
        made.schema_revision(),
    )
}

fn holds(store: &Store, field: &str) -> Vec<Option<Value>> {
    let lamp = |number| store.find(&format!("/{number}")).unwrap();
    (0..100)
        .map(|number| store.view().value(lamp(number), field).unwrap())
        .collect()
}

fn all_converted(store: &Store) {
    let expected: Vec<_> = (0..100)
        .map(|number| Some(Value::from(number.to_string())))
        .collect();
    assert_eq!(holds(store, "Power"), expected);
    let fields = store.schema("Lamp").unwrap().fields;
    let names: Vec<_> = fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["Power", "Near"]);
}

fn write(store: &Store, name: &str, field: &str, value: impl Into<Value>) -> Result<()> {
    let id = store.find(name)?;
    let value = value.into();
    store
        .transact(|tx| tx.set_value(id, field, value.clone()))
        .map(drop)
}

#[test]
fn what_does_not_fit_one_commit_is_several() {
    for (limit, commits) in [(1 << 20, 1), (600, 2 + 5), (1, 2 + 100)] {
        let (store, disk) = lamps();
        let before = store.revision();
        let (stages, revision) = stages(&store);
        store.commit_all(stages.commits(limit), revision).unwrap();
        let store = again(store, &disk);
        all_converted(&store);
        assert_eq!(store.revision() - before, commits, "limit {limit}");
    }
}

#[test]
fn a_migration_says_how_far_it_is() {
    let (store, _disk) = lamps();
    let limits = Limits {
        commit: 2000,
        value: 1000,
        ..Limits::DEFAULT
    };
    let limited = store.submit_checked([Op::SetLimits(limits)].into_iter().collect(), Vec::new());
    limited.unwrap();
    let made = plan(store.create_snapshot().tree(), &power()).unwrap();
    let (before, mut told) = (store.revision(), Vec::new());
    drop(store.migrate_with_progress(&made, |made, of| {
        assert_eq!(store.revision(), before + made as Revision);
        told.push((made, of));
    }));
    all_converted(&store);
    let of = told.len() - 1;
    assert!(of > 2, "{told:?}");
    assert_eq!(told, (0..=of).map(|made| (made, of)).collect::<Vec<_>>());
}

#[test]
fn an_interrupted_migration_changes_nothing_and_begins_anew() {
    for made in 0..=6 {
        let (store, disk) = lamps();
        let (stages, revision) = stages(&store);
        let commits = stages.commits(600);
        assert_eq!(commits.len(), 7);
        store
            .commit_all(commits.into_iter().take(made), revision)
            .unwrap();
        let store = again(store, &disk);
        let expected: Vec<_> = (0..100).map(|number| Some(Value::Int(number))).collect();
        assert_eq!(holds(&store, "Watts"), expected);
        // The version before goes on with what it had, and changes it.
        let old = WantedSchemas {
            schemas: vec![watts()],
            ..WantedSchemas::default()
        };
        assert!(store.evolve(&old).unwrap().is_empty());
        write(&store, "/7", "Watts", 700).unwrap();
        write(&store, "/7", "Watts", 7).unwrap();
        store.evolve(&power()).unwrap();
        all_converted(&again(store, &disk));
    }
}

#[test]
fn what_is_written_in_between_is_not_lost() {
    // Between the commits, and before the first of them.
    for made in 0..=6 {
        let (store, disk) = lamps();
        let (stages, revision) = stages(&store);
        let mut commits = stages.commits(600).into_iter();
        let so_far = commits.by_ref().take(made);
        store.commit_all(so_far, revision).unwrap();
        write(&store, "/7", "Watts", 700).unwrap();
        let revision = store.create_snapshot().tree().schema_revision();
        let rest = store.commit_all(commits, revision);
        assert!(
            matches!(rest, Err(Error::Conflict { .. })),
            "{made}: {rest:?}"
        );
        store.evolve(&power()).unwrap();
        let store = again(store, &disk);
        let expected = Some(Value::from("700"));
        assert_eq!(holds(&store, "Power")[7], expected);
    }
}

#[test]
fn another_migration_in_between_ends_this_one() {
    for made in 1..=6 {
        let (store, disk) = lamps();
        let (stages, revision) = stages(&store);
        let mut commits = stages.commits(600).into_iter();
        let so_far = commits.by_ref().take(made);
        store.commit_all(so_far, revision).unwrap();
        let prepared = store.create_snapshot().tree().schema_revision();
        store.evolve(&power()).unwrap();
        let rest = store.commit_all(commits, prepared);
        assert!(
            matches!(rest, Err(Error::Conflict { .. })),
            "{made}: {rest:?}"
        );
        all_converted(&again(store, &disk));
    }
}

#[test]
fn names_that_move_within_one_commit_come_back_from_the_log() {
    let (store, disk) = lamps();
    let id = store.find("/7").unwrap();
    let made = store.transact(|tx| {
        tx.set_value(id, "Watts", Value::Int(70))?;
        // What was Watts is Power, and Watts is another field.
        let power = FieldSchema::new(Kind::Int).required().index().was("Watts");
        let watts = FieldSchema::new(Kind::String);
        let mut light = Schema::new("Light").was("Lamp").field("Power", power);
        light = light.field("Near", FieldSchema::reference("Light"));
        tx.set_schema(light.clone());
        tx.set_value(id, "Power", Value::Int(71))?;
        tx.set_schema(light.field("Watts", watts));
        tx.set_value(id, "Watts", Value::from("seventy"))?;
        tx.create_named(EntityId::ROOT, "New", "Light", [("Power", Value::Int(1))])
    });
    made.unwrap();
    let store = again(store, &disk);
    let held = |field: &str| store.view().value(id, field).unwrap();
    assert_eq!(held("Power"), Some(Value::Int(71)));
    assert_eq!(held("Watts"), Some(Value::from("seventy")));
}
