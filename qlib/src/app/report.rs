//! What an application says when it starts.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use smol_str::SmolStr;

use crate::app::registry::{Registry, WorkerEntry};
use crate::model::Cursor;
use crate::store::SchemaStep;

/// What an application consists of and runs on, printed at boot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BootReport {
    /// The application's name.
    pub name: SmolStr,
    /// The kind of log.
    pub log: &'static str,
    /// Entity types of the program.
    pub types: usize,
    /// What this boot changed in the types of the store.
    pub schema: Vec<SchemaStep>,
    /// Workers, in the order in which they start, with their handlers.
    pub workers: Vec<(&'static str, usize)>,
    /// Workers and handlers of each crate.
    pub crates: BTreeMap<&'static str, (usize, usize)>,
    /// The process that writes to the store, while this one stands by: it goes on once that one ends.
    pub stands_by: Option<Arc<str>>,
    /// Durable cursors of the store, where they stand, and the handlers that read them.
    pub cursors: Vec<(SmolStr, Cursor, Option<SmolStr>)>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

impl BootReport {
    pub(crate) fn new(name: &str, log: &'static str, registry: &Registry) -> Self {
        let mut warnings = Vec::new();
        if log == "memory" {
            warnings.push("the store is in memory: nothing outlives the process".to_owned());
        }
        Self {
            name: name.into(),
            log,
            types: registry.schemas.len(),
            schema: Vec::new(),
            workers: Vec::new(),
            crates: BTreeMap::new(),
            stands_by: None,
            cursors: Vec::new(),
            warnings,
        }
    }

    pub(crate) fn add_worker(&mut self, worker: &WorkerEntry) {
        self.workers.push((worker.name, worker.handlers));
        let of_crate = self.crates.entry(worker.origin.krate()).or_default();
        of_crate.0 += 1;
        of_crate.1 += worker.handlers;
    }
}

impl BootReport {
    pub(crate) fn add_cursor(&mut self, cursor: SmolStr, stands: Cursor, reader: Option<SmolStr>) {
        if reader.is_none() {
            self.warnings.push(format!(
                "no handler reads the cursor {cursor:?}, which stands at {stands} and holds the log back; `store.remove_cursor({cursor:?})` removes it if its handler will not come back"
            ));
        }
        self.cursors.push((cursor, stands, reader));
    }
}

impl fmt::Display for BootReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} on the {} log", self.name, self.log)?;
        if let Some(writer) = &self.stands_by {
            writeln!(f, "  stands by: {writer} writes to the store")?;
        }
        writeln!(f, "  {} types, {} workers", self.types, self.workers.len())?;
        for (krate, (workers, handlers)) in &self.crates {
            writeln!(
                f,
                "  from {krate}: {workers} workers with {handlers} handlers"
            )?;
        }
        for (worker, handlers) in &self.workers {
            writeln!(f, "    {worker}: {handlers}")?;
        }
        for (cursor, stands, reader) in &self.cursors {
            let reader = reader.as_deref().unwrap_or("nobody");
            writeln!(f, "  cursor {cursor} at {stands}: read by {reader}")?;
        }
        let added = self.schema.iter().filter_map(|step| match step {
            SchemaStep::AddType { entity_type } => Some(entity_type.as_str()),
            _ => None,
        });
        let added: Vec<_> = added.collect();
        if !added.is_empty() {
            writeln!(f, "  added: {}", added.join(", "))?;
        }
        let changed = |step: &&SchemaStep| !matches!(step, SchemaStep::AddType { .. });
        let mut changed = self.schema.iter().filter(changed);
        changed.try_for_each(|step| writeln!(f, "  migrated: {step}"))
    }
}
