//! Directories of each version of the format are kept in `golden/` and open for ever.
//!
//! `QLIB_GOLDEN=1 cargo test -p qlib-tests --test golden` writes the one of the present version; one
//! that was released is never written again.
#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use qlib::prelude::*;
use qlib::{
    CommitFuture, Cursor, FieldSchema, HistoryPolicy, Kind, Schema, Value, WantedSchemas, plan,
};

/// What a durable handler watches, whose cursor is in the directory.
#[derive(Entity)]
struct Lamp {
    level: i64,
    #[field(default = 0)]
    seen: i64,
}

#[on_change(Lamp.Level, durable = "sum")]
async fn sum(change: Change<Lamp, i64>, cx: &mut Cx) -> Result<()> {
    cx.tx()?
        .add(change.id(), Lamp::FIELDS.Seen, change.current())
}

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
    let b = store.find("/b").unwrap();
    for sample in store
        .history_named(b, "Counted", ..)
        .unwrap()
        .all()
        .unwrap()
        .samples
    {
        writeln!(text, "Counted was {:?}, {:?}", sample.value, sample.quality).unwrap();
    }
    if let Some(Cursor::Changes(position)) = store.cursor("sum") {
        writeln!(text, "sum is done with revision {}", position.revision()).unwrap();
    }
    drop(view);
    let commit = |commit: &qlib::Applied, _: &qlib::Tree| {
        let (author, effects) = (&commit.author, commit.effects.len());
        let (writer, resync) = (&author.writer, commit.resync);
        let cause = author.cause.as_ref().map(|cause| &cause.handler);
        writeln!(
            text,
            "commit {} by {writer:?} for {cause:?}: {effects} effects, restored: {resync}",
            commit.revision
        )
        .unwrap();
    };
    store.read_log(1, commit).unwrap();
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
    run_an_application(folder);
    evolve_and_restore(folder);
}

fn run_an_application(folder: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    tokio::task::LocalSet::new().block_on(&runtime.unwrap(), async {
        let store = Store::open(folder).unwrap();
        let app = App::builder("golden").entity::<Lamp>();
        let app = app.register(|registry| registry.worker::<sum>());
        let running = app.store(store.clone()).start().await.unwrap();
        let lamp =
            store.transaction(|tx| tx.create(EntityId::ROOT, "lamp", Lamp::builder().level(3)));
        let lamp = lamp.await.unwrap().id();
        while store.read(lamp, Lamp::FIELDS.Seen).unwrap() == 0 {
            tokio::task::yield_now().await;
        }
        running.stop().await;
        store.close().unwrap();
    });
}

/// Types that change, a history, limits, and a restore; then a snapshot of it all.
fn evolve_and_restore(folder: &Path) {
    let store = Store::open(folder).unwrap();
    let mut special = store.schema("Special").unwrap();
    special.fields[0].history = Some(HistoryPolicy {
        keep: Duration::MAX,
        min_interval: None,
        deadband: None,
    });
    let size = FieldSchema::new(Kind::Float).was("Int");
    let mut thing = store.schema("Thing").unwrap();
    thing.fields[0] = FieldSchema {
        name: "Size".into(),
        ..size
    };
    let wanted = WantedSchemas {
        schemas: vec![thing, special],
        ..WantedSchemas::default()
    };
    let plan = plan(store.create_snapshot().tree(), &wanted).unwrap();
    done(store.migrate(&plan));
    let (b, snapshot) = (store.find("/b").unwrap(), store.create_snapshot());
    for count in [1, 2, 3] {
        done(store.transaction(|tx| tx.set_value(b, "Counted", Value::Int(count))));
    }
    done(store.restore_snapshot(&snapshot));
    // One is made behind each restore.
    while !has(folder, ".snapshot") {
        std::thread::sleep(Duration::from_millis(10));
    }
    done(
        store
            .bind(b)
            .rename("behind the snapshot")
            .rename("b")
            .commit(),
    );
    store.close().unwrap();
}

fn has(folder: &Path, suffix: &str) -> bool {
    let mut files = fs::read_dir(folder).unwrap();
    files.any(|file| {
        file.unwrap()
            .file_name()
            .to_string_lossy()
            .ends_with(suffix)
    })
}

#[test]
fn version_1_opens() {
    if std::env::var_os("QLIB_GOLDEN").is_some() {
        fs::remove_dir_all(golden(1)).ok();
        write(&golden(1));
        fs::remove_file(golden(1).join("lock")).unwrap();
    }
    let folder = copy(&golden(1));
    for suffix in [".log", ".snapshot", ".restored", "history-mark"] {
        assert!(has(folder.path(), suffix), "{suffix}");
    }
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.health().cut, None);
    insta::assert_snapshot!(text(&store));
}
