//! `history`: the values that a field had.

use std::io::Write;
use std::ops::Bound;

use clap::ArgMatches;
use qlib::{Sample, Store, Timestamp, Value};
use serde_json::json;

use crate::failure::Failure;
use crate::output::Output;
use crate::{target, value};

/// Samples that are read at once.
const PAGE: usize = 10_000;

pub(crate) fn run(
    store: &Store,
    matches: &ArgMatches,
    output: &mut Output<impl Write>,
) -> Result<(), Failure> {
    let snapshot = store.create_snapshot();
    let tree = snapshot.tree();
    let field = matches
        .get_one::<String>("field")
        .map_or("", String::as_str);
    let (entity, field) = target::field(tree, field)?;
    let from: Option<&Timestamp> = matches.get_one("from");
    let to: Option<&Timestamp> = matches.get_one("to");
    let range = (
        from.map_or(Bound::Unbounded, |from| Bound::Included(*from)),
        to.map_or(Bound::Unbounded, |to| Bound::Excluded(*to)),
    );
    let history = store.history_named(entity.id(), tree.field_name(field), range)?;
    let mut rows = Vec::new();
    let mut next = None;
    loop {
        let page = history.page(next, PAGE)?;
        for sample in &page.samples {
            if output.json {
                output.json(&json(sample))?;
            } else {
                rows.push([
                    sample.time.to_string(),
                    value::text(tree, sample.value.as_ref().map(Value::as_ref)),
                    value::quality(sample.quality).to_owned(),
                    sample.revision.to_string(),
                ]);
            }
        }
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    if !output.json {
        output.table(["TIME", "VALUE", "QUALITY", "REVISION"], rows)?;
    }
    Ok(())
}

fn json(sample: &Sample<Value>) -> serde_json::Value {
    json!({
        "time": sample.time.to_string(),
        "value": value::json(sample.value.as_ref().map(Value::as_ref)),
        "quality": value::quality(sample.quality),
        "revision": sample.revision,
    })
}
