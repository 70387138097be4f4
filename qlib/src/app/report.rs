//! What an application says when it starts.

use std::collections::BTreeMap;
use std::fmt;

use smol_str::SmolStr;

use crate::app::registry::{Registry, WorkerEntry};

/// What an application consists of and runs on, printed at boot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BootReport {
    /// The application's name.
    pub name: SmolStr,
    /// The kind of log.
    pub log: &'static str,
    /// Entity types of the program.
    pub types: usize,
    /// Types that were declared or redefined at this boot.
    pub declared: Vec<SmolStr>,
    /// Workers, in the order in which they start, with their handlers.
    pub workers: Vec<(&'static str, usize)>,
    /// Workers and handlers of each crate.
    pub crates: BTreeMap<&'static str, (usize, usize)>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

impl BootReport {
    pub(crate) fn new(name: &str, log: &'static str, registry: &Registry) -> Self {
        let mut warnings = Vec::new();
        if log == "memory" {
            warnings.push("the store is in memory: nothing outlives the process".to_owned());
        }
        let (types, declared) = (registry.schemas.len(), Vec::new());
        Self {
            name: name.into(),
            log,
            types,
            declared,
            workers: Vec::new(),
            crates: BTreeMap::new(),
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

impl fmt::Display for BootReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} on the {} log", self.name, self.log)?;
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
        if !self.declared.is_empty() {
            writeln!(f, "  declared: {}", self.declared.join(", "))?;
        }
        Ok(())
    }
}
