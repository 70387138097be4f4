//! `tree`: an entity and those below it.

use std::io::Write;

use clap::ArgMatches;
use qlib::Store;
use serde_json::json;

use crate::failure::Failure;
use crate::output::Output;
use crate::target;

pub(crate) fn run(
    store: &Store,
    matches: &ArgMatches,
    output: &mut Output<impl Write>,
) -> Result<(), Failure> {
    let snapshot = target::snapshot(store, matches)?;
    let path = matches
        .get_one::<String>("path")
        .map_or("/", String::as_str);
    let depth = matches.get_one("depth").copied().unwrap_or(usize::MAX);
    let mut rows = Vec::new();
    let mut open = vec![(target::entity(snapshot.tree(), path)?, 0)];
    while let Some((entity, level)) = open.pop() {
        if output.json {
            output.json(&json!({
                "path": entity.path(),
                "id": entity.id().to_string(),
                "type": entity.type_name().as_str(),
                "children": entity.child_count(),
            }))?;
        } else {
            let name = match level {
                0 => entity.path(),
                _ => format!("{}{}", "  ".repeat(level), entity.name()),
            };
            rows.push([
                name,
                entity.type_name().to_string(),
                entity.id().to_string(),
            ]);
        }
        if level < depth {
            let below = open.len();
            open.extend(entity.children().map(|child| (child, level + 1)));
            open[below..].reverse();
        }
    }
    if !output.json {
        output.table(["NAME", "TYPE", "ID"], rows)?;
    }
    Ok(())
}
