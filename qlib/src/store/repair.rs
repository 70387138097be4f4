//! What can be had of a damaged store.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::log::{Directory, Disk, End, FileLog, LogReader, Snapshots};
use crate::model::{Commit, Error, LogError, Result, Revision};
use crate::store::backup::save;
use crate::store::history::History;
use crate::store::replay::{TreeReplay, load_newest};
use crate::store::{HistoryLimits, StoreOptions, open};
use crate::tree::Tree;

/// What the repair of a damaged store would save and lose. Nothing is changed before
/// [`Repair::carry_out`].
#[derive(Debug)]
pub struct Repair {
    damage: LogError,
    directory: Arc<Directory>,
    salvage: Salvage,
}

impl Repair {
    /// Why the store cannot be opened.
    #[must_use]
    pub fn damage(&self) -> &LogError {
        &self.damage
    }

    /// The newest revision of which the store can be had; 0 if nothing can.
    #[must_use]
    pub fn kept(&self) -> Revision {
        self.salvage.end.revision
    }

    /// The revisions that are lost, as far as they can be made out.
    #[must_use]
    pub fn lost(&self) -> Option<RangeInclusive<Revision>> {
        let lost = self.kept() + 1..=self.salvage.newest;
        (!lost.is_empty()).then_some(lost)
    }

    /// Copies the directory to a new one beside it, and then makes the store the one of
    /// [`Repair::kept`], in a new epoch. Its revisions go on behind all that were ever used. Returns
    /// where the copy is.
    ///
    /// # Errors
    /// [`LogError::Io`]: a repair can be made again.
    pub fn carry_out(self) -> Result<PathBuf> {
        let copied = self.directory.copy();
        let copy = copied.map_err(|error| LogError::io("the directory", "copied", &error))?;
        let disk: Arc<dyn Disk> = self.directory;
        self.salvage.write(&disk)?;
        Ok(copy)
    }
}

impl StoreOptions {
    /// Looks what can be had of a store that does not open because it is damaged; `None` if it
    /// opens. That is the newest good snapshot and what can be read of the log behind it.
    ///
    /// ```
    /// # use qlib::Store;
    /// # fn main() -> qlib::Result<()> {
    /// # let folder = std::env::temp_dir().join(format!("qlib-repair-{}", std::process::id()));
    /// # Store::open(&folder)?.close()?;
    /// if let Some(repair) = Store::options().repair(&folder)? {
    ///     println!("{}", repair.damage());
    ///     println!("kept: revision {}, lost: {:?}", repair.kept(), repair.lost());
    ///     println!("the store as it was is in {}", repair.carry_out()?.display());
    /// }
    /// # std::fs::remove_dir_all(&folder).ok();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`StoreOptions::open`] but for damage.
    pub fn repair(self, path: impl AsRef<Path>) -> Result<Option<Repair>> {
        Directory::must_hold(path.as_ref(), open::is_ours)?;
        let directory = Arc::new(Directory::open(path.as_ref(), open::is_ours)?);
        let disk: Arc<dyn Disk> = Arc::clone(&directory) as _;
        let damage = match self.open_disk(Arc::clone(&disk)) {
            Ok(store) => {
                store.close()?;
                return Ok(None);
            }
            Err(Error::Log(damage)) if is_damage(&damage) => damage,
            Err(error) => return Err(error),
        };
        Ok(Some(Repair {
            damage,
            directory,
            salvage: Salvage::read(&disk)?,
        }))
    }
}

/// Whether an opening ended because of what a file holds, or because one is missing.
fn is_damage(error: &LogError) -> bool {
    let missing = std::io::ErrorKind::NotFound;
    match error {
        LogError::Damaged { .. } => true,
        LogError::Io { kind, .. } => *kind == missing,
        _ => false,
    }
}

/// The newest state that can be had.
#[derive(Debug)]
pub(super) struct Salvage {
    tree: Tree,
    pub(super) end: End,
    /// The newest revision that can be made out.
    pub(super) newest: Revision,
    epoch: u64,
}

impl Salvage {
    /// # Errors
    /// [`LogError::Io`], [`LogError::NewerVersion`]
    pub(super) fn read(disk: &Arc<dyn Disk>) -> Result<Self, LogError> {
        let snapshots = Snapshots::open(Arc::clone(disk), |_, _| {});
        let snapshots = snapshots.map_err(|error| LogError::io("snapshots", "listed", &error))?;
        let (tree, mut end) = load_newest(&snapshots, Revision::MAX, |_, _| {}, &mut |_, _| {});
        let mut replay = TreeReplay {
            tree,
            disk: &**disk,
        };
        loop {
            let mut log = LogReader::new(end);
            match log.read(&**disk, Revision::MAX, &mut replay) {
                Err(error @ LogError::NewerVersion { .. }) => return Err(error),
                Err(error @ LogError::Io { .. }) if !is_damage(&error) => return Err(error),
                _ => {}
            }
            if log.end().revision <= end.revision {
                break;
            }
            // Only the end of a file may be damaged, and the next one continue it.
            end = log.end();
        }
        let (in_sight, epoch) = FileLog::in_sight(&**disk)?;
        let history = History::open(Arc::clone(disk), HistoryLimits::default())?;
        let saved = snapshots.saved().last().map_or(0, |saved| saved.revision);
        let others = [in_sight, history.history().fed(), saved];
        Ok(Self {
            newest: others.into_iter().fold(end.revision, Revision::max),
            epoch: epoch.max(end.epoch),
            tree: replay.tree,
            end,
        })
    }

    /// Writes it as the next revision of a new epoch, in place of what is there. Wherever this ends,
    /// the store can be opened, or read so again.
    ///
    /// # Errors
    /// [`LogError::Io`]
    pub(super) fn write(mut self, disk: &Arc<dyn Disk>) -> Result<()> {
        let end = End {
            revision: self.newest + 1,
            epoch: self.epoch + 1,
            ..self.end
        };
        self.tree
            .apply(&Commit::default(), end.revision, end.time)?;
        let snapshots = Snapshots::open(Arc::clone(disk), |_, _| {});
        let mut snapshots =
            snapshots.map_err(|error| LogError::io("snapshots", "listed", &error))?;
        snapshots
            .write(end.revision, end.time, |output| {
                save(&self.tree, end, output, || Ok(()))
            })
            .map_err(|error| LogError::io("a snapshot", "written", &error))?;
        FileLog::begin_anew(&**disk, end)?;
        snapshots
            .remove_others(end.revision)
            .map_err(|error| LogError::io("an old snapshot", "removed", &error))?;
        Ok(())
    }
}
