//! `stats`: how much the store holds.

use std::io::Write;

use qlib::Store;
use serde_json::{Value as Json, json};

use crate::failure::Failure;
use crate::output::Output;

pub(crate) fn run(store: &Store, output: &mut Output<impl Write>) -> Result<(), Failure> {
    let stats = store.stats();
    let snapshot = store.create_snapshot();
    let tree = snapshot.tree();
    let types = tree.types().map(|each| {
        let exact = tree
            .entities(each)
            .filter(|entity| entity.entity_type() == each);
        (tree.type_name(each).to_string(), exact.count())
    });
    let cursors = store.cursors().into_iter();
    let cursors = cursors.map(|(name, stands)| (name.to_string(), stands.to_string()));
    if output.json {
        output.json(&json!({
            "revision": stats.revision,
            "durable": stats.durable,
            "time": tree.time().to_string(),
            "entities": stats.entities,
            "window": {"commits": stats.window_commits, "bytes": stats.window_bytes},
            "cursors": cursors.map(|(name, stands)| (name, Json::from(stands))).collect::<Json>(),
            "types": types.map(|(name, count)| (name, Json::from(count))).collect::<Json>(),
        }))?;
        return Ok(());
    }
    let row = |what: &str, value: String| [what.to_owned(), value];
    let mut rows = vec![
        row("revision", stats.revision.to_string()),
        row("newest commit", tree.time().to_string()),
        row("recent commits", stats.window_commits.to_string()),
        row("their bytes", stats.window_bytes.to_string()),
        row("entities", stats.entities.to_string()),
    ];
    rows.extend(types.map(|(name, count)| row(&format!("  {name}"), count.to_string())));
    rows.extend(cursors.map(|(name, stands)| row(&format!("cursor {name}"), stands)));
    output.table(["WHAT", "HOW MUCH"], rows)?;
    Ok(())
}
