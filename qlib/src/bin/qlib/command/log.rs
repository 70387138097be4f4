//! `log`: the newest commits, as far back as the log is kept.

use std::io::Write;

use clap::ArgMatches;
use qlib::{Applied, Effect, Error, Store, Tree, Value};
use serde_json::{Value as Json, json};

use crate::failure::Failure;
use crate::output::Output;
use crate::{target, value};

pub(crate) fn run(
    store: &Store,
    matches: &ArgMatches,
    output: &mut Output<impl Write>,
) -> Result<(), Failure> {
    let last = matches.get_one("last").copied().unwrap_or(u64::MAX);
    let first = (store.revision() + 1).saturating_sub(last);
    let mut failure = None;
    let mut rows = Vec::new();
    let mut see = |commit: &Applied, tree: &Tree| {
        if !output.json {
            rows.extend(self::rows(tree, commit));
        } else if failure.is_none() {
            failure = output.json(&json(tree, commit)).err();
        }
    };
    match store.read_log(first, &mut see) {
        Err(Error::OutOfReach { oldest, .. }) => store.read_log(oldest + 1, &mut see)?,
        read => read?,
    }
    if let Some(failure) = failure {
        return Err(failure.into());
    }
    if !output.json {
        let header = ["REVISION", "TIME", "WRITER", "CAUSE", "CHANGED"];
        output.table(header, rows)?;
    }
    Ok(())
}

/// A row for each effect; the first one says which commit it is.
fn rows(tree: &Tree, commit: &Applied) -> Vec<[String; 5]> {
    let cause = match &commit.author.cause {
        Some(cause) if cause.revision > 0 => format!("{} on {}", cause.handler, cause.revision),
        Some(cause) => cause.handler.to_string(),
        None => String::new(),
    };
    let head = [
        commit.revision.to_string(),
        commit.time.to_string(),
        commit.author.writer.to_string(),
        cause,
    ];
    let mut changes: Vec<_> = commit.effects.iter().map(|each| text(tree, each)).collect();
    if commit.resync {
        changes.insert(0, "the whole store was replaced".into());
    }
    if changes.is_empty() {
        changes.push(String::new());
    }
    let mut rows: Vec<_> = changes
        .into_iter()
        .map(|change| {
            [
                String::new(),
                String::new(),
                String::new(),
                String::new(),
                change,
            ]
        })
        .collect();
    for (cell, text) in rows[0].iter_mut().zip(head) {
        *cell = text;
    }
    rows
}

fn text(tree: &Tree, effect: &Effect) -> String {
    let value = |value: &Option<Value>| match value {
        Some(value) => value::text(tree, Some(value.as_ref())),
        None => "unset".into(),
    };
    let at =
        |place: &qlib::Place| format!("{:?} in {}", place.name, target::path(tree, place.parent));
    match effect {
        Effect::Field(change) => format!(
            "{}.{}: {} -> {}",
            target::path(tree, change.id),
            tree.field_name(change.field),
            value(&change.previous),
            value(&change.current),
        ),
        Effect::Created(created) => {
            let entity_type = tree.type_name(created.entity_type);
            format!("created {entity_type} {}", at(&created.place))
        }
        Effect::Deleted(deleted) => {
            let entity_type = tree.type_name(deleted.entity_type);
            format!("deleted {entity_type} {}", at(&deleted.place))
        }
        Effect::Placed(placed) => format!("{} is now {}", at(&placed.from), at(&placed.to)),
        Effect::Schema(change) => match change.previous {
            Some(_) => format!("redefined type {}", change.current.name),
            None => format!("declared type {}", change.current.name),
        },
    }
}

fn json(tree: &Tree, commit: &Applied) -> Json {
    let cause = commit.author.cause.as_ref();
    let effects = commit
        .effects
        .iter()
        .map(|effect| effect_json(tree, effect));
    json!({
        "revision": commit.revision,
        "time": commit.time.to_string(),
        "writer": commit.author.writer.as_str(),
        "cause": cause.map(|cause| json!({
            "handler": cause.handler.as_str(),
            "revision": cause.revision,
        })),
        "resync": commit.resync,
        "effects": effects.collect::<Json>(),
    })
}

fn effect_json(tree: &Tree, effect: &Effect) -> Json {
    let value = |value: &Option<Value>| value::json(value.as_ref().map(Value::as_ref));
    let place = |place: &qlib::Place| {
        json!({
            "parent": place.parent.to_string(),
            "name": place.name.as_str(),
        })
    };
    match effect {
        Effect::Field(change) => json!({
            "effect": "field",
            "id": change.id.to_string(),
            "field": tree.field_name(change.field).as_str(),
            "previous": value(&change.previous),
            "current": value(&change.current),
        }),
        Effect::Created(created) => {
            let values = created.values.iter().map(|(field, value)| {
                let name = tree.field_name(*field).to_string();
                (name, value::json(Some(value.as_ref())))
            });
            json!({
                "effect": "created",
                "id": created.id.to_string(),
                "type": tree.type_name(created.entity_type).as_str(),
                "place": place(&created.place),
                "values": values.collect::<Json>(),
            })
        }
        Effect::Deleted(deleted) => json!({
            "effect": "deleted",
            "id": deleted.id.to_string(),
            "type": tree.type_name(deleted.entity_type).as_str(),
            "place": place(&deleted.place),
        }),
        Effect::Placed(placed) => json!({
            "effect": "placed",
            "id": placed.id.to_string(),
            "from": place(&placed.from),
            "to": place(&placed.to),
        }),
        Effect::Schema(change) => json!({
            "effect": "schema",
            "type": change.current.name.as_str(),
            "declared": change.previous.is_none(),
        }),
    }
}
