//! `open`: what the store holds, and what was cut.

use std::io::Write;

use qlib::{Health, Store};
use serde_json::{Value as Json, json};

use crate::failure::{CUT, FINE, Failure};
use crate::output::Output;

pub(crate) fn run(store: &Store, output: &mut Output<impl Write>) -> Result<u8, Failure> {
    let (stats, types) = (store.stats(), store.types().len());
    let Health {
        cut,
        damaged_snapshots,
        ..
    } = store.health();
    let is_sound = cut.is_none() && damaged_snapshots.is_empty();
    if output.json {
        let cut = cut.as_ref().map(|cut| {
            json!({
                "file": &*cut.file,
                "offset": cut.offset,
                "first": cut.first,
                "last": cut.last,
            })
        });
        output.json(&json!({
            "revision": stats.revision,
            "entities": stats.entities,
            "types": types,
            "cut": cut,
            "damaged_snapshots": damaged_snapshots.iter().map(|each| &**each).collect::<Json>(),
        }))?;
    } else {
        output.line(&format!(
            "revision {}, {} entities of {types} types",
            stats.revision, stats.entities
        ))?;
        // What was not is on standard error already.
        if is_sound {
            output.line("nothing had to be cut")?;
        }
    }
    Ok(if is_sound { FINE } else { CUT })
}
