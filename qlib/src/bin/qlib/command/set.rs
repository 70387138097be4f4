//! `set`: writes a field.

use std::io::Write;

use clap::ArgMatches;
use qlib::{Error, FieldId, FieldSchema, Kind, Store};

use crate::command::finish;
use crate::failure::Failure;
use crate::output::Output;
use crate::{target, value};

pub(crate) fn run(
    store: &Store,
    matches: &ArgMatches,
    output: &mut Output<impl Write>,
) -> Result<(), Failure> {
    let text = |name| matches.get_one::<String>(name).map(String::as_str);
    let snapshot = store.create_snapshot();
    let tree = snapshot.tree();
    let (entity, field) = target::field(tree, text("field").unwrap_or_default())?;
    // What no column holds has no schema; `Name` can be written, the others say what to do instead.
    let name = || FieldSchema {
        name: tree.field_name(field).clone(),
        ..FieldSchema::new(Kind::String)
    };
    let schema = tree.field_schema(entity.entity_type(), field).cloned();
    let value = text("value").map(|text| value::parse(tree, &schema.unwrap_or_else(name), text));
    let value = value.transpose()?;
    let id = entity.id();
    let commit = store.transaction(|tx| match (&value, field) {
        (_, FieldId::PARENT | FieldId::CHILDREN) => Err(Error::usage(
            "`set` moves no entities; it writes Name and the fields of the type",
        )),
        _ => tx.set_value(id, tree.field_name(field), value.clone()),
    });
    finish(commit, output)
}
