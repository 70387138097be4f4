//! From what is asked for to a commit.

use std::sync::Arc;

use smallvec::smallvec;

use crate::model::{Commit, Error, Expect, Op, Receipt, Result, Revision, Steps};
use crate::store::Store;
use crate::store::transaction::{self, Transaction};
use crate::tree::Tree;

/// How often the closure of a transaction runs before a conflict is an error.
pub(crate) const ATTEMPTS: usize = 16;

impl Store {
    pub(crate) fn transact<T>(
        &self,
        closure: impl FnMut(&mut Transaction<'_>) -> Result<T>,
    ) -> Result<Receipt<T>> {
        self.transact_by(closure, |ops, expect| self.submit_checked(ops, expect))
    }

    pub(super) fn transact_by<T>(
        &self,
        mut closure: impl FnMut(&mut Transaction<'_>) -> Result<T>,
        mut submit: impl FnMut(Steps, Vec<Expect>) -> Result<Receipt>,
    ) -> Result<Receipt<T>> {
        let mut attempt = 1;
        loop {
            let mut transaction = Transaction::begin(&self.shared);
            let value = closure(&mut transaction)?;
            let (ops, expect, seen) = transaction.finish();
            if ops.is_empty() {
                let core = self.shared.read();
                return Ok(Receipt {
                    revision: core.tree.revision(),
                    time: core.tree.time(),
                    value,
                });
            }
            match submit(ops, expect) {
                Ok(Receipt { revision, time, .. }) => {
                    return Ok(Receipt {
                        revision,
                        time,
                        value,
                    });
                }
                Err(error) if attempt < ATTEMPTS && self.may_run_again(&error, seen) => {
                    attempt += 1
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether a refused transaction that saw the revision `seen` may succeed when it is made anew.
    pub(crate) fn may_run_again(&self, error: &Error, seen: Revision) -> bool {
        transaction::may_run_again(error, self.shared.read().tree.revision() != seen)
    }

    /// Commits the steps that `add` adds, which read nothing. Without any there is no commit.
    pub(crate) fn submit(
        &self,
        add: impl FnOnce(&Tree, &mut Steps) -> Result<()>,
    ) -> Result<Receipt> {
        if !self.shared.validators.any() {
            let commit = self.commit_of(Steps::new(), Vec::new())?;
            return self.shared.commit(commit, add);
        }
        self.shared.outside_views()?;
        let mut ops = Steps::new();
        add(&self.shared.read().tree, &mut ops)?;
        let mut attempt = 1;
        loop {
            match self.submit_checked(ops.clone(), Vec::new()) {
                // A validator had to know what would be added to.
                Err(Error::Conflict { .. }) if attempt < ATTEMPTS => attempt += 1,
                outcome => return outcome,
            }
        }
    }

    /// Commits the replacement of the tree by an image.
    pub(crate) fn submit_restore(&self, restore: Op) -> Result<Receipt> {
        let commit = self.commit_of(smallvec![restore], Vec::new())?;
        self.shared.restore(commit)
    }

    /// Runs the validators, then commits.
    pub(super) fn submit_checked(&self, ops: Steps, expect: Vec<Expect>) -> Result<Receipt> {
        let mut commit = self.commit_of(ops, expect)?;
        if self.shared.validators.any() {
            self.shared.outside_views()?;
            let core = self.shared.read();
            self.shared.validators.check(&core.tree, &mut commit)?;
        }
        self.shared.commit(commit, |_, _| Ok(()))
    }

    /// # Errors
    /// [`Error::ReadOnly`]
    #[inline]
    fn commit_of(&self, ops: Steps, expect: Vec<Expect>) -> Result<Commit> {
        if self.is_of_durable_handler() {
            let cause = self.author.cause.as_ref();
            let handler = cause.map(|cause| cause.handler.clone());
            return Err(Error::ReadOnly {
                handler: handler.unwrap_or_default(),
            });
        }
        Ok(Commit {
            ops,
            expect,
            author: Arc::clone(&self.author),
        })
    }
}
