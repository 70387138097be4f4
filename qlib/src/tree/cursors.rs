//! Where durable cursors stand.

use smol_str::SmolStr;

use crate::model::{Cursor, CursorMove, Error, Result, Revision, limits::name_fault};
use crate::tree::Tree;
use crate::tree::apply::Applying;

impl Tree {
    /// Where the cursor of that name stands.
    #[must_use]
    pub fn cursor(&self, name: &str) -> Option<Cursor> {
        self.cursors.get(name).copied()
    }

    /// All durable cursors, in no order.
    pub fn cursors(&self) -> impl Iterator<Item = (&SmolStr, Cursor)> {
        self.cursors.iter().map(|(name, cursor)| (name, *cursor))
    }

    /// The revision behind which the log is needed for the cursors.
    pub(crate) fn oldest_cursor(&self) -> Option<Revision> {
        let changes = self.cursors.values().filter_map(|cursor| match cursor {
            Cursor::Changes(position) => Some(position.revision()),
            Cursor::Ticks(_) => None,
        });
        changes.min()
    }

    pub(super) fn move_cursor(&mut self, step: &CursorMove, applying: &mut Applying) -> Result<()> {
        if let Some(reason) = name_fault(&step.name) {
            let name = step.name.clone();
            return Err(Error::BadName { name, reason });
        }
        let actual = self.cursor(&step.name);
        if actual != step.from {
            return Err(Error::CursorMoved {
                cursor: step.name.clone(),
                expected: step.from.map(Box::new),
                actual: actual.map(Box::new),
            });
        }
        self.put_cursor(&step.name, step.to);
        applying.cursors.push((step.name.clone(), actual));
        Ok(())
    }

    pub(super) fn put_cursor(&mut self, name: &SmolStr, cursor: Option<Cursor>) {
        match (cursor, self.cursors.get_mut(name)) {
            (Some(cursor), Some(known)) => *known = cursor,
            (Some(cursor), None) => {
                self.cursors.insert(name.clone(), cursor);
            }
            (None, _) => {
                self.cursors.remove(name);
            }
        }
    }
}
