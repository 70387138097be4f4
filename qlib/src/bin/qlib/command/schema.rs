//! `schema`: the types of the store, and what a file of types would make of them.

use std::io::Write;

use clap::ArgMatches;
use qlib::{
    Error, FieldSchema, Kind, OnDelete, Schema, Store, Value, WantedSchemas, differences, plan,
};
use serde_json::{Value as Json, json};

use crate::command::{files, finish};
use crate::failure::{FAILED, FINE, Failure};
use crate::output::Output;
use crate::progress;
use crate::value;

pub(crate) fn run(
    store: &Store,
    matches: &ArgMatches,
    output: &mut Output<impl Write>,
) -> Result<u8, Failure> {
    let file = |matches: &ArgMatches| matches.get_one::<String>("file").cloned();
    match matches.subcommand() {
        Some(("export", matches)) => export(store, file(matches), output)?,
        Some(("diff", matches)) => return diff(store, &wanted(matches)?, output),
        Some((command, matches)) => {
            let wanted = WantedSchemas {
                schemas: wanted(matches)?,
                allow_removal: matches.get_flag("allow-removal"),
                ..WantedSchemas::default()
            };
            let made = plan(store.create_snapshot().tree(), &wanted);
            let made = made.map_err(|refusals| Error::RefusedSchemas { refusals })?;
            print_lines(made.steps(), output)?;
            if command == "apply" {
                let migrated = store.migrate_with_progress(&made, progress::migrating());
                finish(migrated, output)?;
            }
        }
        None => show(store, matches.get_one::<String>("type"), output)?,
    }
    Ok(FINE)
}

/// The types in the file that the command line names.
fn wanted(matches: &ArgMatches) -> Result<Vec<Schema>, Failure> {
    let file = matches.get_one::<String>("file").map_or("", String::as_str);
    let text = files::read_text(file)?;
    Ok(Schema::read_all(&text)?)
}

fn export(
    store: &Store,
    file: Option<String>,
    output: &mut Output<impl Write>,
) -> Result<(), Failure> {
    let snapshot = store.create_snapshot();
    let text = Schema::write_all(&snapshot.schemas());
    match file {
        Some(file) => files::write("writing", &file, |to| Ok(to.write_all(text.as_bytes())?)),
        None => Ok(output.write_all(text.as_bytes())?),
    }
}

fn diff(store: &Store, wanted: &[Schema], output: &mut Output<impl Write>) -> Result<u8, Failure> {
    let known = wanted
        .iter()
        .filter_map(|schema| store.schema(&schema.name).ok());
    let lines = differences(&known.collect::<Vec<_>>(), wanted);
    print_lines(&lines, output)?;
    Ok(if lines.is_empty() { FINE } else { FAILED })
}

fn print_lines(lines: &[impl ToString], output: &mut Output<impl Write>) -> Result<(), Failure> {
    for line in lines {
        if output.json {
            output.json(&line.to_string().into())?;
        } else {
            output.line(&line.to_string())?;
        }
    }
    Ok(())
}

fn show(
    store: &Store,
    name: Option<&String>,
    output: &mut Output<impl Write>,
) -> Result<(), Failure> {
    let names = name.map_or_else(|| store.types(), |name| vec![name.into()]);
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
