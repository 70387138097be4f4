//! The store as a stream of bytes, and from one.

use std::io::{self, Read, Write};

use crate::log::End;
use crate::log::snapshot::{Fault, Reader, Writer};
use crate::model::{EntityId, Error, Result, Revision, Timestamp};
use crate::store::{CommitFuture, Store};
use crate::tree::{Imported, Load, Part, Tree};

/// Writes a tree as the log that ends at `end` made it. Between its parts, `go_on` may end it.
pub(crate) fn save<W: Write>(
    tree: &Tree,
    end: End,
    output: W,
    mut go_on: impl FnMut() -> io::Result<()>,
) -> io::Result<W> {
    let mut writer = Writer::new(output);
    tree.save(end.epoch, end.chain, &mut |part| {
        go_on()?;
        writer.write(part)
    })?;
    writer.finish()
}

/// Reads a tree and the end of the log that made it; `progress` is told how many bytes were read.
pub(crate) fn load(input: impl Read, mut progress: impl FnMut(u64)) -> Result<(Tree, End), Fault> {
    let mut reader = Reader::new(input);
    let Some(Part::Header(header)) = reader.next()? else {
        return Err(reader.damaged("it does not begin with a header"));
    };
    let end = End {
        revision: header.revision,
        time: Timestamp::from_nanos(header.time),
        chain: header.chain,
        epoch: header.epoch,
    };
    let mut load = Load::new(header).map_err(|fault| reader.damaged(fault.0))?;
    while let Some(part) = reader.next()? {
        load.take(part).map_err(|fault| reader.damaged(fault.0))?;
        progress(reader.offset());
    }
    let tree = load.finish().map_err(|fault| reader.damaged(fault.0))?;
    Ok((tree, end))
}

impl Store {
    /// Writes the store as it is now, whole, while others go on to write to it; says at which
    /// revision. Give a buffered writer; it is flushed.
    ///
    /// ```
    /// # use qlib::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// let store = Store::memory()?;
    /// let mut backup = Vec::new();
    /// store.backup(&mut backup)?;
    /// Store::memory()?.restore(&*backup)?.await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Backup`]: what the writer said.
    pub fn backup(&self, output: impl Write) -> Result<Revision> {
        let (tree, end) = self.durable_tree()?;
        save(&tree, end, output, || Ok(())).map_err(backup_error)?;
        Ok(end.revision)
    }

    /// The tree as it is now, once all of it is on the disk: nothing leaves the process before.
    fn durable_tree(&self) -> Result<(Tree, End)> {
        let (tree, end) = {
            let core = self.shared().read();
            (core.tree.clone(), core.log.end())
        };
        if let Some(group) = self.shared().group.get() {
            group.wait_durable(end.revision)?;
        }
        Ok((tree, end))
    }

    /// Replaces the whole store by a backup, in one commit, as [`Store::restore_snapshot`] does. It
    /// is read and checked whole before anything changes. Give a buffered reader.
    ///
    /// # Errors
    /// [`Error::Snapshot`] when it is damaged; the commit's error when this store refuses it.
    pub fn restore(&self, input: impl Read) -> Result<CommitFuture> {
        let (tree, _) = load(input, |_| {}).map_err(|fault| Error::Snapshot {
            reason: fault.to_string().into(),
        })?;
        Ok(self.restore_image(tree.image()))
    }

    /// Writes an entity and all below it as JSON that people can read and that diffs well: one
    /// field a line, in a fixed order. Types are not part of it.
    ///
    /// ```
    /// # use qlib::*;
    /// # fn main() -> Result<()> {
    /// # let store = Store::memory()?;
    /// let mut text = Vec::new();
    /// store.export(EntityId::ROOT, &mut text)?;
    /// assert!(text.starts_with(b"{\n  \"id\": "));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Missing`], and [`Error::Backup`]: what the writer said.
    pub fn export(&self, top: impl Into<EntityId>, mut output: impl Write) -> Result<()> {
        let (tree, _) = self.durable_tree()?;
        let top = tree.existing(top.into())?;
        tree.export(top, &mut output).map_err(backup_error)
    }

    /// Reads what [`Store::export`] wrote: puts the entity and all below it in place of what is
    /// there, in one commit. Entities keep their ids; what the text does not name is deleted below
    /// the entity, and stays as it is elsewhere. Values that are there already are left alone; others
    /// are written as [`crate::Quality::Restored`]. The types must be known. Each reader gets
    /// [`crate::Event::Resync`].
    ///
    /// # Errors
    /// [`Error::Import`] names the line, the entity and the field; the commit's error says what the
    /// store refuses, such as a name that a sibling has already.
    pub fn import(&self, input: impl Read) -> Result<CommitFuture> {
        let tree = self.shared().read().tree.clone();
        let imported = Imported::read(&tree, input, &self.author.writer)?;
        Ok(self.submitted(self.submit_restore(imported.op(self.clock().now()))))
    }
}

fn backup_error(error: io::Error) -> Error {
    Error::Backup {
        reason: error.to_string().into(),
    }
}
