//! `open`: what the store holds, and what was cut.

use std::io::Write;

use qlib::Store;
use serde_json::json;

use crate::failure::{CUT, FINE, Failure};
use crate::output::Output;

pub(crate) fn run(store: &Store, output: &mut Output<impl Write>) -> Result<u8, Failure> {
    let (stats, cut, types) = (store.stats(), store.health().cut, store.types().len());
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
        }))?;
    } else {
        output.line(&format!(
            "revision {}, {} entities of {types} types",
            stats.revision, stats.entities
        ))?;
        // What was cut is on standard error already.
        if cut.is_none() {
            output.line("nothing had to be cut or repaired")?;
        }
    }
    Ok(if cut.is_some() { CUT } else { FINE })
}
