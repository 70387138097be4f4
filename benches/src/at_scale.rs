//! A million entities on the disk: opening them, and commits while a snapshot of them is written.

use crate::ours::{Device, Ours};
use crate::rounds::Side;
use crate::row::Row;
use crate::work::{Can, Work};
use anyhow::Context;
use qlib::prelude::*;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// How many devices there are.
const ENTITIES: usize = 1_000_000;

/// How many commits are made while no snapshot is written.
const COMMITS: usize = 4_000;

/// The name of a snapshot while it is written.
const WRITING: &str = "new.snapshot";

/// Bytes of a text that brings the next snapshot nearer: the log is what it is written for.
const TEXT: usize = 1 << 20;

/// A store of a million, with a snapshot while it is measured or without.
pub(crate) struct AtScale {
    made: Rc<RefCell<Option<Made>>>,
    snapshot: bool,
}

struct Made {
    folder: TempDir,
    runtime: Runtime,
    store: Store,
    devices: Vec<Ref<Device>>,
    next: usize,
}

impl AtScale {
    /// The same store twice: with a snapshot and without.
    pub(crate) fn with_and_without() -> [Self; 2] {
        let made = Rc::default();
        [true, false].map(|snapshot| Self {
            made: Rc::clone(&made),
            snapshot,
        })
    }
}

impl Side for AtScale {
    fn name(&self) -> String {
        match self.snapshot {
            true => crate::run::OURS.to_owned(),
            false => "without a snapshot".to_owned(),
        }
    }

    fn figure(&mut self, row: &Row) -> Can<f64> {
        let mut made = self.made.borrow_mut();
        let made = match &mut *made {
            Some(made) => made,
            none => none.insert(Made::new()?),
        };
        if row.work == Work::Open1M {
            let open = self.snapshot.then(|| made.open()).transpose()?;
            return Ok(open.map(|open| open.as_secs_f64()));
        }
        let mut took = match self.snapshot {
            true => made.during_a_snapshot()?,
            false => made.commits(COMMITS)?,
        };
        took.sort_unstable();
        let at = |place: usize| {
            took.get(place)
                .context("no commit")
                .map(Duration::as_secs_f64)
        };
        Ok(Some(match row.work {
            Work::SnapshotP99 => at(took.len() * 99 / 100)? * 1e6,
            _ => at(took.len() - 1)? * 1e3,
        }))
    }
}

impl Made {
    fn new() -> anyhow::Result<Self> {
        let folder = crate::on_disk::folder()?;
        // Awaited one by one, a million commits would be a million syncs.
        let store = Store::options().buffered().open(folder.path())?;
        let devices = Ours::devices_in(store, ENTITIES)?;
        let mut made = Self {
            store: Store::memory()?,
            folder,
            runtime: tokio::runtime::Builder::new_current_thread().build()?,
            devices,
            next: 0,
        };
        made.open()?;
        Ok(made)
    }

    /// Opens the store; how long that took.
    fn open(&mut self) -> anyhow::Result<Duration> {
        self.store.close()?;
        let start = Instant::now();
        self.store = Store::open(self.folder.path())?;
        Ok(start.elapsed())
    }

    /// Writes to the next device, any of them, and waits for the disk; how long that took.
    fn commit(&mut self) -> anyhow::Result<Duration> {
        self.next = (self.next + 7_919 * 101) % self.devices.len();
        let device = self.devices.get(self.next).context("no such device")?;
        let start = Instant::now();
        let mut device = self.store.entity::<Device>(device)?;
        self.runtime
            .block_on(device.set_level(self.next as i64).commit())?;
        Ok(start.elapsed())
    }

    fn commits(&mut self, count: usize) -> anyhow::Result<Vec<Duration>> {
        (0..count).map(|_| self.commit()).collect()
    }

    /// Commits from the beginning of a snapshot to its end.
    fn during_a_snapshot(&mut self) -> anyhow::Result<Vec<Duration>> {
        let writing = self.folder.path().join(WRITING);
        while !writing.exists() {
            let device = self.devices.first().context("no device")?;
            let mut device = self.store.entity::<Device>(device)?;
            let text = device.set_tag("x".repeat(TEXT)).commit();
            self.runtime.block_on(text)?;
        }
        let mut took = Vec::new();
        while writing.exists() {
            took.push(self.commit()?);
        }
        Ok(took)
    }
}
