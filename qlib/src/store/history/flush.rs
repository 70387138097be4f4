//! Writing the history to its directory.

use std::sync::atomic::Ordering;

use crate::model::{LogError, Revision, Timestamp};
use crate::store::history::History;
use crate::store::history::file::unwritten;
use crate::store::history::files::{Files, MARK, NEW_MARK, VERSION, Writer, Written};
use crate::wire::proto::history::{End, Mark, entry::Entry as Is};

/// A file is at most this large, and at most this part of what all may take.
const FILE: u64 = 16 << 20;
const PART: u64 = 16;

impl History {
    /// Every commit up to this one outlives the process without the log.
    #[cfg(test)]
    pub(super) fn position(&self) -> Revision {
        let files = self.files.lock();
        files.as_ref().map_or(self.fed(), |files| files.position)
    }

    /// Writes all that was fed so far to the directory, and removes what is too old there. Takes each
    /// part of the history for a moment only, so that commits go on meanwhile. `durable` waits until
    /// the log has a revision: what the log may lose must not stay in the history. Where it says that
    /// the log never will, nothing is written, and this is false.
    ///
    /// # Errors
    /// [`LogError::Io`]: the history stays in memory then, and the next flush tries again.
    pub(crate) fn flush(
        &self,
        now: Timestamp,
        durable: impl FnOnce(Revision) -> bool,
    ) -> Result<bool, LogError> {
        let mut files = self.files.lock();
        let Some(files) = &mut *files else {
            return Ok(true);
        };
        let revision = self.fed();
        if !files.is_marked && files.stored.is_empty() && self.fields.lock().known.is_empty() {
            // There was never anything to keep.
            files.position = revision;
            return Ok(true);
        }
        files.cut()?;
        let before = files.stored.len();
        let staged = self.stage(files, revision, now, durable);
        let Some((written, old)) = staged.inspect_err(|_| files.abandon(before))? else {
            return Ok(false);
        };
        let marked = files
            .disk
            .rename(NEW_MARK, MARK)
            .and_then(|()| files.disk.sync());
        if let Err(error) = marked {
            files.doubt(before);
            return Err(unwritten(MARK, &error));
        }
        // No block may be taken out of its series between the two.
        let mut recent = self.recent.lock();
        let gone = files.accept(written, &old);
        recent.forget_moved();
        drop(recent);
        (files.position, files.is_marked) = (revision, true);
        for stored in gone {
            for block in &stored.blocks {
                self.detach(block);
            }
            files.leftover.push(stored.file.name.clone());
        }
        files.tidy()?;
        Ok(true)
    }

    /// Flushes, if all that was fed is `durable`, and lets go of the directory; what was written can
    /// still be read.
    ///
    /// # Errors
    /// Those of [`History::flush`].
    pub(crate) fn close(&self, now: Timestamp, durable: bool) -> Result<(), LogError> {
        let flushed = self.flush(now, |_| durable);
        *self.files.lock() = None;
        flushed.map(|_| ())
    }

    /// Writes the blocks to their files and the mark beside the one that counts. Gives what was
    /// written, and the files that go.
    fn stage(
        &self,
        files: &mut Files,
        revision: Revision,
        now: Timestamp,
        durable: impl FnOnce(Revision) -> bool,
    ) -> Result<Option<(Written, Vec<u64>)>, LogError> {
        let of_mark = |error| unwritten(MARK, &error);
        // Before the series: those of fields that come later are not in the mark, which is no harm.
        let fields = self.fields.lock().clone();
        let mark = files.disk.create(NEW_MARK).map_err(of_mark)?;
        let mut writer = Writer::new(&*mark, 0);
        writer.add(Is::Mark(Mark {
            version: VERSION,
            revision,
            fields: fields
                .known
                .iter()
                .map(|(number, field)| field.message(*number))
                .collect(),
            next_field: fields.next,
        }));
        let (mut blocks, mut series) = (Vec::new(), 0);
        for shard in &self.shards {
            for (key, each) in &*shard.lock() {
                let in_memory = each
                    .blocks
                    .iter()
                    .rev()
                    .take_while(|block| block.in_memory().is_some());
                let at = blocks.len();
                blocks.extend(in_memory.cloned());
                blocks[at..].reverse();
                if each.open().next().is_some() {
                    writer.add(Is::Series(each.message(*key)));
                    series += 1;
                }
            }
            writer.write_large().map_err(of_mark)?;
        }
        let newest = self.fed.load(Ordering::Acquire);
        if !durable(newest) {
            return Ok(None);
        }
        let roll = FILE.min(self.limits.disk / PART);
        let mut written = Written::default();
        files.write(blocks, &fields.known, roll, &mut written)?;
        let (old, rest) = files.old(&written, now, self.limits.disk);
        writer.add(Is::End(End {
            series,
            files: rest,
            newest,
        }));
        writer.sync().map_err(of_mark)?;
        Ok(Some((written, old)))
    }
}
