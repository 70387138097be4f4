//! Durable cursors: where they stand, and what is committed with a move.

use std::sync::Arc;

use smallvec::smallvec;
use smol_str::SmolStr;

use crate::model::{Cursor, CursorMove, Error, Op, Receipt, Result};
use crate::store::core::Shared;
use crate::store::transaction::Transaction;
use crate::store::{CommitFuture, Store};

/// The handler that reads a durable cursor, and its application.
#[derive(Clone, Debug)]
pub(crate) struct CursorReader {
    pub(crate) handler: SmolStr,
    pub(crate) application: SmolStr,
}

/// Keeps a durable cursor for a handler, while this lives.
#[derive(Debug)]
pub(crate) struct CursorInUse {
    shared: Arc<Shared>,
    pub(crate) name: SmolStr,
}

impl Drop for CursorInUse {
    fn drop(&mut self) {
        self.shared.cursor_readers.lock().remove(&self.name);
    }
}

impl CursorReader {
    fn has(&self, cursor: &str) -> Error {
        Error::CursorInUse {
            cursor: cursor.into(),
            handler: self.handler.clone(),
            application: self.application.clone(),
        }
    }
}

impl Store {
    /// The durable cursors, by name.
    ///
    /// ```
    /// # use qlib::Store;
    /// let store = Store::memory()?;
    /// assert!(store.cursors().is_empty());
    /// # Ok::<(), qlib::Error>(())
    /// ```
    #[must_use]
    pub fn cursors(&self) -> Vec<(SmolStr, Cursor)> {
        let core = self.shared.read();
        let cursors = core.tree.cursors();
        let mut cursors: Vec<_> = cursors.map(|(name, at)| (name.clone(), at)).collect();
        cursors.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        cursors
    }

    /// Where the durable cursor of that name stands.
    #[must_use]
    pub fn cursor(&self, name: &str) -> Option<Cursor> {
        self.shared.read().tree.cursor(name)
    }

    /// Removes a durable cursor whose handler will not come back, so that it no longer holds the log.
    /// A handler that takes the name later begins anew.
    ///
    /// The commit's error is [`Error::CursorInUse`] where a handler of this process reads the cursor:
    /// end its application first. Where there is no such cursor, nothing is committed.
    pub fn remove_cursor(&self, name: &str) -> CommitFuture {
        let outcome = self.submit(|tree, steps| {
            if let Some(reader) = self.cursor_reader(name) {
                return Err(reader.has(name));
            }
            let from = tree.cursor(name);
            let remove = || move_cursor(name.into(), from, None);
            steps.extend(from.is_some().then(remove));
            Ok(())
        });
        self.submitted(outcome)
    }

    /// Gives a durable cursor to a handler.
    ///
    /// # Errors
    /// [`Error::CursorInUse`]
    pub(crate) fn use_cursor(&self, cursor: &str, reader: CursorReader) -> Result<CursorInUse> {
        let mut readers = self.shared.cursor_readers.lock();
        if let Some(other) = readers.get(cursor) {
            return Err(other.has(cursor));
        }
        readers.insert(cursor.into(), reader);
        Ok(CursorInUse {
            shared: Arc::clone(&self.shared),
            name: cursor.into(),
        })
    }

    /// The handler that reads a durable cursor.
    pub(crate) fn cursor_reader(&self, cursor: &str) -> Option<CursorReader> {
        self.shared.cursor_readers.lock().get(cursor).cloned()
    }

    /// Commits what a durable handler wrote, with the steps that say that it is done.
    pub(crate) fn submit_once(
        &self,
        writes: Option<Transaction<'_>>,
        done: impl IntoIterator<Item = Op>,
    ) -> Result<Receipt> {
        let (mut ops, expect) = match writes {
            Some(writes) => {
                let (ops, expect, _) = writes.finish();
                (ops, expect)
            }
            None => (smallvec![], Vec::new()),
        };
        ops.extend(done);
        self.submit_checked(ops, expect)
    }
}

/// The step that moves a cursor.
pub(crate) fn move_cursor(name: SmolStr, from: Option<Cursor>, to: Option<Cursor>) -> Op {
    Op::MoveCursor(Box::new(CursorMove { name, from, to }))
}
