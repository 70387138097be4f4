//! A library that is linked into this program, as a side.

use crate::rounds::Side;
use crate::row::{Row, Theme};
use crate::work::{self, Bench, Can, MEMORY_ENVIRONMENT, Subject, Work};
use anyhow::{Context, bail};
use std::path::Path;
use std::process::Command;

/// One library.
pub(crate) struct InProcess<S> {
    name: &'static str,
    bench: Bench<S>,
}

impl<S: Subject> InProcess<S> {
    /// With the name that the report shows.
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            bench: Bench::new(),
        }
    }
}

impl<S: Subject> Side for InProcess<S> {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn figure(&mut self, row: &Row) -> Can<f64> {
        match row.work {
            _ if row.theme != Theme::InProcess => Ok(None),
            Work::Memory | Work::MemoryRestored => memory(
                &std::env::current_exe()?,
                &["--memory", self.name, &row.work.name()],
            ),
            work => self.bench.figure(work),
        }
        .with_context(|| self.name)
    }

    /// A process of its own has the same memory every time.
    fn slow(&self, row: &Row) -> bool {
        matches!(row.work, Work::Memory | Work::MemoryRestored)
    }
}

/// Runs the program that measures memory and reads its answer.
pub(crate) fn memory(program: &Path, arguments: &[&str]) -> Can<f64> {
    let output = Command::new(program)
        .args(arguments)
        .envs(MEMORY_ENVIRONMENT)
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    figure(text.lines().last().unwrap_or("error no answer"))
}

/// Understands what [`work::answer`] wrote.
pub(crate) fn figure(answer: &str) -> Can<f64> {
    match answer.trim() {
        "none" => Ok(None),
        answer => match answer.strip_prefix("error ") {
            Some(error) => bail!("{error}"),
            None => Ok(Some(
                answer
                    .parse()
                    .with_context(|| format!("the answer {answer}"))?,
            )),
        },
    }
}

/// The answer of a process that measures memory.
pub(crate) fn measure_memory<S: Subject>(work: &str) -> String {
    work::answer(work::memory_figure::<S>(Work::named(work)))
}
