//! The store as a stream of bytes, and from one.

use std::io::{self, Read, Write};
use std::sync::Arc;

use crate::log::snapshot::{Fault, Reader, Writer};
use crate::model::{EntityId, Error, Op, Result, Revision};
use crate::store::{CommitFuture, Store};
use crate::tree::{Imported, Load, Part, Tree};

/// A tree that was read, with the position of its newest commit.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) tree: Tree,
    pub(crate) epoch: u64,
    pub(crate) chain: u64,
}

/// Writes a tree whose newest commit has this epoch and chain value.
pub(crate) fn save<W: Write>(tree: &Tree, epoch: u64, chain: u64, output: W) -> io::Result<W> {
    let mut writer = Writer::new(output);
    tree.save(epoch, chain, &mut |part| writer.write(part))?;
    writer.finish()
}

/// Reads a tree; `progress` is told how many entities came, and how many there are.
pub(crate) fn load(input: impl Read, mut progress: impl FnMut(u64, u64)) -> Result<Loaded, Fault> {
    let mut reader = Reader::new(input);
    let Some(Part::Header(header)) = reader.next()? else {
        return Err(reader.damaged("it does not begin with a header"));
    };
    let (epoch, chain) = (header.epoch, header.chain);
    let mut load = Load::new(header).map_err(|fault| reader.damaged(fault.0))?;
    while let Some(part) = reader.next()? {
        load.take(part).map_err(|fault| reader.damaged(fault.0))?;
        let (came, all) = load.progress();
        progress(came, all);
    }
    let tree = load.finish().map_err(|fault| reader.damaged(fault.0))?;
    Ok(Loaded { tree, epoch, chain })
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
        let tree = self.shared().read().tree.clone();
        save(&tree, 0, 0, output).map_err(|error| Error::Backup {
            reason: error.to_string().into(),
        })?;
        Ok(tree.revision())
    }

    /// Replaces the whole store by a backup, in one commit, as [`Store::restore_snapshot`] does. It
    /// is read and checked whole before anything changes. Give a buffered reader.
    ///
    /// # Errors
    /// [`Error::Snapshot`] when it is damaged; the commit's error when this store refuses it.
    pub fn restore(&self, input: impl Read) -> Result<CommitFuture> {
        let loaded = load(input, |_, _| {}).map_err(|fault| Error::Snapshot {
            name: "to restore from".into(),
            reason: fault.to_string().into(),
        })?;
        Ok(self.restore_image(loaded.tree.image()))
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
        let tree = self.shared().read().tree.clone();
        let top = tree.existing(top.into())?;
        tree.export(top, &mut output, || {})
            .map_err(|error| Error::Backup {
                reason: error.to_string().into(),
            })
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
        let imported = Imported::read(&tree, input, &self.origin().writer)?;
        let now = self.clock().now();
        let restore = |tree: &Tree| Op::Restore(Arc::new(imported.into_image(tree, now)));
        Ok(self.submitted(self.submit(|tree| Ok(smallvec::smallvec![restore(tree)]))))
    }
}
