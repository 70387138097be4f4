//! Directories of each version of the format are kept in `golden/` and open for ever.
//!
//! `QLIB_GOLDEN=1 cargo test -p qlib-tests --test golden` writes the one of the present version; one
//! that was released is never written again.
#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use qlib::{CommitFuture, EntityId, FieldSchema, Kind, Schema, Store, Timestamp, Value};

fn golden(version: u32) -> PathBuf {
    let folder = format!("tests/golden/{version}");
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

/// A copy, because opening may write.
fn copy(from: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    folder
}

/// What a store holds, without what differs from one writing to the next.
fn text(store: &Store) -> String {
    let image = store.create_snapshot().image();
    let mut text = format!("revision {}\n", store.revision());
    for schema in &image.schemas {
        writeln!(text, "{} extends {:?}", schema.name, schema.base).unwrap();
        for field in &schema.fields {
            let (name, kind, unit, choices) =
                (&field.name, field.kind, &field.unit, &field.choices);
            let (default, range) = (&field.default, &field.range);
            writeln!(
                text,
                "  {name}: {kind} {unit:?} {choices:?} {default:?} {range:?}"
            )
            .unwrap();
        }
    }
    let view = store.view();
    for entity in &image.entities {
        let path = view.tree().subject(entity.id).path;
        writeln!(text, "{path} is a {}", entity.entity_type).unwrap();
        for field in &entity.fields {
            let value = match &field.value {
                Value::EntityReference(id) => view.tree().subject(*id).path.to_string(),
                other => format!("{other:?}"),
            };
            let (name, writer, quality) = (&field.name, &field.writer, field.quality);
            writeln!(text, "  {name} = {value} by {writer:?}, {quality:?}").unwrap();
        }
    }
    text
}

fn done<T>(commit: CommitFuture<T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(commit).unwrap()
}

fn write(folder: &Path) {
    let store = Store::open(folder).unwrap();
    let mut thing = Schema::new("Thing").doc("Has one of each.");
    for kind in Kind::ALL {
        let mut field = FieldSchema::new(kind);
        if kind == Kind::Choice {
            field.choices = vec!["Off".into(), "On".into()];
        }
        thing = thing.field(kind.name(), field);
    }
    let mut counted = FieldSchema::new(Kind::Int).default_value(7).range(0..=9);
    counted.unit = "pieces".into();
    let special = Schema::new("Special")
        .extends("Thing")
        .field("Counted", counted.index());
    done(store.writing_as("writer").transaction(|tx| {
        tx.set_schema(thing.clone());
        tx.set_schema(special.clone());
        let a = tx.create_named(EntityId::ROOT, "a", "Thing", [])?;
        tx.create_named(a, "b", "Special", [("Counted", Value::Int(9))])?;
        tx.create_named(a, "c", "Thing", [])
    }));
    store.close().unwrap();

    let store = Store::open(folder).unwrap();
    let (a, b) = (store.find("/a").unwrap(), store.find("/a/b").unwrap());
    let values = [
        Value::Int(i64::MIN),
        Value::Float(-1.5),
        Value::String("Küche".into()),
        Value::Bool(true),
        Value::BinaryFile([0, 255].as_slice().into()),
        Value::EntityReference(a),
        Value::Timestamp(Timestamp::from_nanos(-1)),
        Value::Transformation("1 + 1".into()),
        Value::Choice("On".into()),
        Value::EntityList([EntityId::ROOT].as_slice().into()),
    ];
    for (kind, value) in Kind::ALL.into_iter().zip(values) {
        let by = store.writing_as(format!("writer of {kind}"));
        done(by.transaction(|tx| tx.set_value(b, kind.name(), value.clone())));
    }
    done(store.bind(b).move_to(EntityId::ROOT).commit());
    done(store.bind(a).rename("renamed").commit());
    let gone = store.find("/renamed/c").unwrap();
    done(store.transaction(|tx| {
        tx.delete(gone);
        Ok(())
    }));
    done(store.bind(b).rename("b again").rename("b").commit());
    store.close().unwrap();
}

#[test]
fn version_1_opens() {
    if std::env::var_os("QLIB_GOLDEN").is_some() {
        fs::remove_dir_all(golden(1)).ok();
        write(&golden(1));
        fs::remove_file(golden(1).join("lock")).unwrap();
    }
    let folder = copy(&golden(1));
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.health().cut, None);
    insta::assert_snapshot!(text(&store));
}
