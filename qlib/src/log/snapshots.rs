//! The snapshots in the directory of a log: a file each, named by the revision.

use std::io::{self, BufReader};
use std::sync::Arc;
use std::time::Duration;

use crate::log::disk::{Disk, Input, Output};
use crate::log::snapshot::{Fault, Reader};
use crate::model::{Revision, Timestamp};
use crate::wire::proto::snapshot::part::Part;

/// How the names of snapshots end, and of those that a commit restored.
const SNAPSHOT: &str = ".snapshot";
const RESTORED: &str = ".restored";

/// Files that are being written.
const NEW: &str = "new.snapshot";
const NEW_RESTORED: &str = "new.restored";

/// Bytes that are read at once.
const BUFFER: usize = 256 << 10;

/// How many of the newest snapshots are kept: one that is damaged leaves another.
const NEWEST: usize = 2;

/// How much of the log is kept. Whichever is reached first counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retention {
    /// Bytes of the log.
    pub bytes: u64,
    /// How far the log reaches back.
    pub age: Duration,
}

impl Default for Retention {
    /// 1 GiB, 7 days.
    fn default() -> Self {
        Self {
            bytes: 1 << 30,
            age: Duration::from_secs(7 * 24 * 60 * 60),
        }
    }
}

/// A snapshot in the directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Saved {
    pub(crate) revision: Revision,
    /// The time of that revision.
    pub(crate) time: Timestamp,
    pub(crate) bytes: u64,
}

/// The snapshots of a directory, the oldest first.
#[derive(Debug)]
pub(crate) struct Snapshots {
    disk: Arc<dyn Disk>,
    saved: Vec<Saved>,
}

impl Snapshots {
    /// Finds out what there is. Files whose header cannot be read are left alone and told to
    /// `damaged`.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        mut damaged: impl FnMut(Revision, Fault),
    ) -> io::Result<Self> {
        let mut saved = Vec::new();
        for name in disk.list()? {
            let Some(revision) = revision(&name, SNAPSHOT) else {
                continue;
            };
            let file = match disk.open(&name) {
                // It was removed since: there are others between which it was needless.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                opened => opened?,
            };
            let bytes = file.len()?;
            let mut reader = Reader::new(Input::new(file));
            match reader.next() {
                Ok(Some(Part::Header(header))) if header.revision == revision => {
                    saved.push(Saved {
                        revision,
                        time: Timestamp::from_nanos(header.time),
                        bytes,
                    });
                }
                Ok(_) => damaged(revision, reader.damaged("it is not the one of its name")),
                Err(fault) => damaged(revision, fault),
            }
        }
        saved.sort_unstable_by_key(|saved| saved.revision);
        Ok(Self { disk, saved })
    }

    /// What there is, the oldest first.
    pub(crate) fn saved(&self) -> &[Saved] {
        &self.saved
    }

    /// Reads a snapshot.
    pub(crate) fn read(&self, revision: Revision) -> io::Result<BufReader<Input>> {
        let file = self.disk.open(&name(revision, SNAPSHOT))?;
        Ok(BufReader::with_capacity(BUFFER, Input::new(file)))
    }

    /// Writes a snapshot, which is there whole and on the disk afterwards, or not at all.
    pub(crate) fn write(
        &mut self,
        revision: Revision,
        time: Timestamp,
        fill: impl FnOnce(Output) -> io::Result<Output>,
    ) -> io::Result<u64> {
        let bytes = write(&*self.disk, NEW, fill)?;
        self.disk.rename(NEW, &name(revision, SNAPSHOT))?;
        self.disk.sync()?;
        self.saved.retain(|saved| saved.revision != revision);
        self.saved.push(Saved {
            revision,
            time,
            bytes,
        });
        Ok(bytes)
    }

    /// The snapshot from which the log is kept, given how many bytes of log there are behind each, and
    /// the oldest revision that somebody holds; `None` while all of the log is.
    pub(crate) fn oldest_needed(
        &self,
        retention: Retention,
        now: Timestamp,
        log_behind: impl Fn(Revision) -> u64,
        held: Option<Revision>,
    ) -> Option<Revision> {
        let limit = now - retention.age;
        // The newest one that is older than what is to be kept.
        let by_age = self.saved.partition_point(|saved| saved.time <= limit);
        // The oldest one behind which there is no more than what may be kept.
        let revisions = std::iter::once(0).chain(self.saved.iter().map(|saved| saved.revision));
        let by_bytes = revisions
            .take_while(|revision| log_behind(*revision) > retention.bytes)
            .count();
        let most = (self.saved.len() + 1).saturating_sub(NEWEST);
        let held = held.map_or(most, |held| {
            self.saved.partition_point(|saved| saved.revision <= held)
        });
        let needed = by_age.max(by_bytes).min(most).min(held).checked_sub(1)?;
        Some(self.saved[needed].revision)
    }

    /// Removes snapshots that have more bytes than the log between them and the one before, so that
    /// all together have hardly more than the log.
    pub(crate) fn thin_out(&mut self, log_behind: impl Fn(Revision) -> u64) -> io::Result<()> {
        let (mut at, mut before) = (0, None);
        while at + NEWEST < self.saved.len() {
            let Saved {
                revision, bytes, ..
            } = self.saved[at];
            let behind = log_behind(revision);
            if before.is_some_and(|before: u64| before.saturating_sub(behind) < bytes) {
                self.disk.remove(&name(revision, SNAPSHOT))?;
                self.saved.remove(at);
            } else {
                before = Some(behind);
                at += 1;
            }
        }
        Ok(())
    }

    /// Removes the snapshots before one, and what was restored before it.
    pub(crate) fn remove_before(&mut self, revision: Revision) -> io::Result<()> {
        self.remove_restored(|restored| restored <= revision)?;
        while let Some(oldest) = self.saved.first()
            && oldest.revision < revision
        {
            self.disk.remove(&name(oldest.revision, SNAPSHOT))?;
            self.saved.remove(0);
        }
        Ok(())
    }

    /// Removes what never became part of the log, which ends at `revision`.
    pub(crate) fn remove_beyond(&self, revision: Revision) -> io::Result<()> {
        for new in self.disk.list()?.iter().filter(|name| is_new(name)) {
            self.disk.remove(new)?;
        }
        self.remove_restored(|restored| restored > revision)
    }

    fn remove_restored(&self, which: impl Fn(Revision) -> bool) -> io::Result<()> {
        for name in self.disk.list()? {
            if revision(&name, RESTORED).is_some_and(&which) {
                self.disk.remove(&name)?;
            }
        }
        Ok(())
    }

    /// Removes all but the snapshot of one revision, damaged ones too.
    pub(crate) fn remove_others(&self, revision: Revision) -> io::Result<()> {
        let kept = name(revision, SNAPSHOT);
        let mut names = self.disk.list()?;
        names.retain(|name| is_snapshot(name) && *name != kept);
        names.iter().try_for_each(|name| self.disk.remove(name))
    }

    /// The name of the file of what was restored as a revision.
    pub(crate) fn restored_name(revision: Revision) -> String {
        name(revision, RESTORED)
    }

    /// Reads what was restored as a revision.
    pub(crate) fn read_restored(
        disk: &dyn Disk,
        revision: Revision,
    ) -> io::Result<BufReader<Input>> {
        let named = || disk.open(&name(revision, RESTORED));
        let file = match named() {
            // It has no name yet, or has got it since.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                disk.open(NEW_RESTORED).or_else(|_| named())
            }
            opened => opened,
        }?;
        Ok(BufReader::with_capacity(BUFFER, Input::new(file)))
    }

    /// Writes what is about to be restored, to a file that has no name before it is: nobody knows
    /// yet as which revision.
    pub(crate) fn write_restored(
        disk: &dyn Disk,
        fill: impl FnOnce(Output) -> io::Result<Output>,
    ) -> io::Result<()> {
        write(disk, NEW_RESTORED, fill)?;
        disk.sync()
    }

    /// Gives what was restored as a revision its name, unless it has it already.
    pub(crate) fn settle_restored(disk: &dyn Disk, revision: Revision) -> io::Result<()> {
        let name = name(revision, RESTORED);
        if !disk.list()?.contains(&name) {
            disk.rename(NEW_RESTORED, &name)?;
            disk.sync()?;
        }
        Ok(())
    }

    /// Removes what was not restored after all.
    pub(crate) fn discard_restored(disk: &dyn Disk) -> io::Result<()> {
        disk.remove(NEW_RESTORED)
    }
}

/// Writes a file and waits until its data is on the disk; its name may not be.
fn write(
    disk: &dyn Disk,
    name: &str,
    fill: impl FnOnce(Output) -> io::Result<Output>,
) -> io::Result<u64> {
    let written = disk
        .create(name)
        .and_then(|file| fill(Output::new(file))?.finish());
    written.inspect_err(|_| {
        // Room that others may need; an opening removes it too.
        let _ = disk.remove(name);
    })
}

/// Whether a file of that name is a snapshot, whole or not.
pub(crate) fn is_snapshot(name: &str) -> bool {
    revision(name, SNAPSHOT).is_some() || revision(name, RESTORED).is_some() || is_new(name)
}

fn is_new(name: &str) -> bool {
    [NEW, NEW_RESTORED].contains(&name)
}

fn name(revision: Revision, suffix: &str) -> String {
    format!("{revision:020}{suffix}")
}

fn revision(name: &str, suffix: &str) -> Option<Revision> {
    let revision = name.strip_suffix(suffix)?.parse().ok()?;
    (self::name(revision, suffix) == name).then_some(revision)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::log::Simulated;

    /// What is needed of snapshots at revisions 10, 20 … 50, a second and 100 bytes of log apart,
    /// at second 60.
    fn needed(bytes: u64, age: u64) -> Option<Revision> {
        needed_beside(bytes, age, None)
    }

    fn needed_beside(bytes: u64, age: u64, held: Option<Revision>) -> Option<Revision> {
        let mut snapshots = Snapshots::open(Arc::new(Simulated::default()), |_, _| {}).unwrap();
        let second = |number: u64| Timestamp::EPOCH + Duration::from_secs(number);
        snapshots.saved = (1..=5)
            .map(|number| Saved {
                revision: number * 10,
                time: second(number * 10),
                bytes: 1,
            })
            .collect();
        let age = Duration::from_secs(age);
        let retention = Retention { bytes, age };
        snapshots.oldest_needed(retention, second(60), |revision| (60 - revision) * 10, held)
    }

    #[test]
    fn snapshots_take_hardly_more_than_the_log() {
        let disk = Simulated::default();
        let mut snapshots = Snapshots::open(Arc::new(disk.clone()), |_, _| {}).unwrap();
        for revision in [10, 20, 30, 40, 50, 60, 70] {
            let fill = |mut output: Output| output.write_all(&[1; 250]).map(|()| output);
            snapshots.write(revision, Timestamp::EPOCH, fill).unwrap();
        }
        // 100 bytes of log between two.
        snapshots.thin_out(|revision| (70 - revision) * 10).unwrap();
        let left: Vec<_> = snapshots
            .saved()
            .iter()
            .map(|saved| saved.revision)
            .collect();
        assert_eq!(left, [10, 40, 60, 70]);
        assert_eq!(disk.list().unwrap().len(), 4);
    }

    #[test]
    fn the_log_is_kept_as_far_as_bytes_and_age_allow() {
        // All of it, as nothing is as old as that.
        assert_eq!(needed(u64::MAX, 1000), None);
        assert_eq!(needed(600, 1000), None);
        assert_eq!(needed(599, 1000), Some(10));
        // Back to second 35: the snapshot before it is needed.
        assert_eq!(needed(u64::MAX, 25), Some(30));
        assert_eq!(needed(u64::MAX, 30), Some(30));
        assert_eq!(needed(300, 1000), Some(30));
        assert_eq!(needed(299, 1000), Some(40));
        assert_eq!(needed(299, 40), Some(40));
        // Two snapshots are always kept, with the log behind the older one.
        assert_eq!(needed(0, 0), Some(40));
        // What somebody holds, with the snapshot before it.
        assert_eq!(needed_beside(0, 0, Some(50)), Some(40));
        assert_eq!(needed_beside(0, 0, Some(39)), Some(30));
        assert_eq!(needed_beside(0, 0, Some(30)), Some(30));
        assert_eq!(needed_beside(0, 0, Some(9)), None);
    }
}
