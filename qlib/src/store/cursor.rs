//! Durable cursors: where they stand, and what is committed with a move.

use smallvec::smallvec;
use smol_str::SmolStr;

use crate::model::{Cursor, CursorMove, Op, Receipt, Result};
use crate::store::transaction::Transaction;
use crate::store::{CommitFuture, Store};

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
    /// A handler of that name begins anew.
    ///
    /// The commit's error is [`Error::CursorMoved`](crate::Error::CursorMoved) where something moves
    /// it meanwhile. Where there is no such cursor, nothing is committed.
    pub fn remove_cursor(&self, name: &str) -> CommitFuture {
        let outcome = self.submit(|tree, steps| {
            let from = tree.cursor(name);
            let remove = || move_cursor(name.into(), from, None);
            steps.extend(from.is_some().then(remove));
            Ok(())
        });
        self.submitted(outcome)
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
