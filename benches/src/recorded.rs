//! Figures of earlier runs, for what a run does not measure.

use crate::work::Work;
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The committed file: who, then which work.
pub(crate) struct Record {
    path: PathBuf,
    figures: BTreeMap<String, BTreeMap<String, Figure>>,
}

/// One figure in the unit of its row, with the day it was measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Figure {
    /// The figure.
    pub(crate) figure: f64,
    /// The day, as 2026-11-24.
    pub(crate) date: String,
}

impl Record {
    /// Reads the file beside this crate's manifest.
    pub(crate) fn read() -> anyhow::Result<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("recorded.json");
        let text = std::fs::read_to_string(&path).context("no recorded.json")?;
        let figures = serde_json::from_str(&text).context("recorded.json does not parse")?;
        Ok(Self { path, figures })
    }

    /// What `who` once did.
    pub(crate) fn get(&self, who: &str, work: Work) -> Option<&Figure> {
        self.figures.get(who)?.get(&work.name())
    }

    /// Everyone of whom there are figures and whose name starts with `start`.
    pub(crate) fn who(&self, start: &str) -> Vec<String> {
        self.figures
            .keys()
            .filter(|who| who.starts_with(start))
            .cloned()
            .collect()
    }

    /// Takes a figure of today.
    pub(crate) fn set(&mut self, who: &str, work: Work, figure: f64) {
        let date = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
        let figure = Figure { figure, date };
        self.figures
            .entry(who.to_owned())
            .or_default()
            .insert(work.name(), figure);
    }

    /// Writes the file.
    pub(crate) fn write(&self) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(&self.figures)? + "\n";
        std::fs::write(&self.path, text).context("recorded.json cannot be written")
    }
}
