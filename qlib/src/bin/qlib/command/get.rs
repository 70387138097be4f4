//! `get`: a field, or all fields of an entity.

use std::io::Write;

use clap::ArgMatches;
use qlib::{EntityRef, FieldId, Store, Value};
use serde_json::json;

use crate::failure::Failure;
use crate::output::Output;
use crate::{target, value};

pub(crate) fn run(
    store: &Store,
    matches: &ArgMatches,
    output: &mut Output<impl Write>,
) -> Result<(), Failure> {
    let snapshot = target::snapshot(store, matches)?;
    let tree = snapshot.tree();
    let target = matches
        .get_one::<String>("target")
        .map_or("", String::as_str);
    let (entity, field) = target::entity_or_field(tree, target)?;
    let fields: Vec<_> = match field {
        Some(field) => vec![field],
        None => tree.field_ids(entity.entity_type()).collect(),
    };
    if output.json {
        return print_json(entity, &fields, output);
    }
    if let Some(field) = field {
        let value = entity.value(field)?;
        output.line(&value::text(tree, value.as_ref().map(Value::as_ref)))?;
        return Ok(());
    }
    let mut rows = Vec::new();
    for field in fields {
        let stamp = entity.stamp(field)?;
        let (time, revision) = match stamp.revision {
            0 => Default::default(),
            revision => (stamp.time.to_string(), revision.to_string()),
        };
        rows.push([
            tree.field_name(field).to_string(),
            value::text(tree, entity.column(field)?),
            time,
            entity.writer(field)?.to_string(),
            revision,
        ]);
    }
    let path = entity.path();
    output.line(&format!("{path}: {} {}", entity.type_name(), entity.id()))?;
    output.table(["FIELD", "VALUE", "WRITTEN", "BY", "REVISION"], rows)?;
    Ok(())
}

fn print_json(
    entity: EntityRef<'_>,
    fields: &[FieldId],
    output: &mut Output<impl Write>,
) -> Result<(), Failure> {
    for field in fields {
        let stamp = entity.stamp(*field)?;
        let written = stamp.revision > 0;
        output.json(&json!({
            "path": entity.path(),
            "id": entity.id().to_string(),
            "field": entity.tree().field_name(*field).as_str(),
            "value": value::json(entity.value(*field)?.as_ref().map(Value::as_ref)),
            "time": written.then(|| stamp.time.to_string()),
            "writer": entity.writer(*field)?.as_str(),
            "revision": stamp.revision,
            "quality": value::quality(stamp.quality),
        }))?;
    }
    Ok(())
}
