//! `schema`: the types of the store.

use std::io::Write;

use clap::ArgMatches;
use qlib::{FieldSchema, Kind, OnDelete, Schema, Store, Value};
use serde_json::{Value as Json, json};

use crate::failure::Failure;
use crate::output::Output;
use crate::value;

pub(crate) fn run(
    store: &Store,
    matches: &ArgMatches,
    output: &mut Output<impl Write>,
) -> Result<(), Failure> {
    let names = match matches.get_one::<String>("type") {
        Some(name) => vec![name.into()],
        None => store.types(),
    };
    for (at, name) in names.iter().enumerate() {
        let schema = store.schema(name)?;
        if output.json {
            output.json(&json(&schema))?;
            continue;
        }
        if at > 0 {
            output.line("")?;
        }
        print(store, &schema, output)?;
    }
    Ok(())
}

fn print(store: &Store, schema: &Schema, output: &mut Output<impl Write>) -> Result<(), Failure> {
    let mut title = schema.name.to_string();
    if let Some(base) = &schema.base {
        title += &format!(" extends {base}");
    }
    if !schema.doc.is_empty() {
        title += &format!(": {}", schema.doc);
    }
    output.line(&title)?;
    if schema.fields.is_empty() {
        return Ok(());
    }
    let snapshot = store.create_snapshot();
    let rows = schema.fields.iter().map(|field| {
        let default = field.default.as_ref().map(Value::as_ref);
        [
            format!("  {}", field.name),
            kind(field),
            field.unit.to_string(),
            value::text(snapshot.tree(), default),
            rules(field),
            field.doc.to_string(),
        ]
    });
    let header = ["  FIELD", "KIND", "UNIT", "DEFAULT", "RULES", "MEANING"];
    output.table(header, rows.collect())?;
    Ok(())
}

fn kind(field: &FieldSchema) -> String {
    match (field.kind, &field.target) {
        (Kind::Choice, _) => field.choices.join("|"),
        (kind, Some(target)) => format!("{kind} of {target}"),
        (kind, None) => kind.to_string(),
    }
}

fn rules(field: &FieldSchema) -> String {
    let mut rules = Vec::new();
    let mut flag = |is_set: bool, name: &str| rules.extend(is_set.then(|| name.to_owned()));
    flag(field.required, "required");
    flag(field.unique, "unique");
    flag(field.index, "index");
    flag(field.history.is_some(), "history");
    rules.extend(field.range.as_ref().map(|range| format!("range {range}")));
    rules.extend(
        field
            .pattern
            .as_ref()
            .map(|pattern| format!("pattern {pattern}")),
    );
    rules.extend(field.max_length.map(|length| format!("at most {length}")));
    rules.join(", ")
}

fn json(schema: &Schema) -> Json {
    json!({
        "name": schema.name.as_str(),
        "base": schema.base.as_deref(),
        "doc": schema.doc.as_str(),
        "fields": schema.fields.iter().map(field_json).collect::<Json>(),
    })
}

fn field_json(field: &FieldSchema) -> Json {
    let on_delete = match field.on_delete {
        OnDelete::Refuse => "refuse",
        OnDelete::Unset => "unset",
        OnDelete::Cascade => "cascade",
    };
    json!({
        "name": field.name.as_str(),
        "kind": field.kind.name(),
        "default": value::json(field.default.as_ref().map(Value::as_ref)),
        "required": field.required,
        "range": field.range.as_ref().map(ToString::to_string),
        "choices": field.choices.iter().map(|choice| choice.as_str()).collect::<Json>(),
        "pattern": field.pattern.as_deref(),
        "max_length": field.max_length,
        "unique": field.unique,
        "index": field.index,
        "history": field.history.is_some(),
        "target": field.target.as_deref(),
        "on_delete": on_delete,
        "unit": field.unit.as_str(),
        "doc": field.doc.as_str(),
    })
}
