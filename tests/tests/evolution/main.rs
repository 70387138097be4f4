//! Types that change from one version of an application to the next, on a store that has entities.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod plans;
mod random;
mod refusals;
mod versions;

use qlib::prelude::*;
use qlib::{Schema, SchemaPlan, Value, WantedSchemas, plan};

/// A name, its type and its values.
type Child<'a> = (&'a str, &'a str, &'a [(&'a str, Value)]);

/// A store that has these types, and entities below the Root.
fn store(schemas: &[Schema], entities: &[Child<'_>]) -> Store {
    let store = Store::memory().unwrap();
    let made = store.transaction(|tx| {
        schemas
            .iter()
            .for_each(|schema| tx.set_schema(schema.clone()));
        for (name, entity_type, values) in entities {
            tx.create_named(EntityId::ROOT, *name, entity_type, values.iter().cloned())?;
        }
        Ok(())
    });
    qlib_tests::run(async { made.await.unwrap() });
    store
}

fn wanted(schemas: impl Into<Vec<Schema>>) -> WantedSchemas {
    WantedSchemas {
        schemas: schemas.into(),
        ..WantedSchemas::default()
    }
}

fn planned(store: &Store, wanted: &WantedSchemas) -> SchemaPlan {
    plan(store.create_snapshot().tree(), wanted).unwrap()
}

/// Plans, carries the plan out, and finds nothing left to do.
fn migrated(store: &Store, wanted: &WantedSchemas) -> SchemaPlan {
    let made = planned(store, wanted);
    qlib_tests::run(async { store.migrate(&made).await.unwrap() });
    let rest = planned(store, wanted);
    assert!(
        rest.is_empty() && rest.steps().is_empty(),
        "left to do: {rest}"
    );
    made
}

/// Why the store cannot have these types, a line each. The ids are left out.
fn refused(store: &Store, wanted: &WantedSchemas) -> String {
    let refusals = plan(store.create_snapshot().tree(), wanted).unwrap_err();
    let lines: Vec<_> = refusals.iter().map(ToString::to_string).collect();
    let mut text = lines.join("\n");
    for id in store
        .create_snapshot()
        .entities()
        .iter()
        .map(|entity| entity.id)
    {
        text = text.replace(&format!(" ({id})"), "");
    }
    text
}

fn value(store: &Store, path: &str, field: &str) -> Option<Value> {
    store
        .view()
        .value(store.find(path).unwrap(), field)
        .unwrap()
}

fn written(store: &Store, path: &str, field: &str) -> u64 {
    let snapshot = store.create_snapshot();
    let tree = snapshot.tree();
    let entity = tree.entity(store.find(path).unwrap()).unwrap();
    let field = tree.field_id(entity.entity_type(), field).unwrap();
    entity.stamp(field).unwrap().revision
}
