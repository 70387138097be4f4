//! What all handles of a store share: the tree, the recent window, who reads, and the log.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Waker;

use parking_lot::{Mutex, RwLock, RwLockReadGuard};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use crate::log::Log;
use crate::model::{
    Applied, Clock, Commit, Error, Expect, FieldId, Limits, Op, Receipt, Result, Revision,
    Validator, Value, WriteMode,
};
use crate::store::routes::{Routes, Topic};
use crate::store::window::{Window, WindowLimits};
use crate::tree::Tree;

/// What the read-write lock guards. The only writer is the commit path.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) tree: Tree,
    pub(crate) window: Window,
    pub(crate) routes: Routes,
    pub(crate) log: Box<dyn Log>,
    pub(crate) connected: bool,
    /// The commit that replaced the whole tree last; 0 if none did.
    pub(crate) resync: Revision,
}

/// How far a subscription has read; what [`crate::Store::readers`] shows.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) name: SmolStr,
    pub(crate) position: AtomicU64,
}

#[derive(Debug)]
pub(crate) struct Shared {
    core: RwLock<Core>,
    pub(crate) clock: Clock,
    validators: RwLock<FxHashMap<FieldId, Vec<Validator>>>,
    has_validators: AtomicBool,
    pub(crate) readers: Mutex<Vec<std::sync::Weak<Reader>>>,
    pub(crate) connection: tokio::sync::watch::Sender<bool>,
    /// Topics whose reader has gone; the next commit closes them, so that dropping a subscription
    /// needs no lock.
    closing: Mutex<Vec<Topic>>,
    has_closing: AtomicBool,
}

thread_local! {
    /// How many guards of a core this thread holds. A commit would wait for them for ever.
    static GUARDS: Cell<usize> = const { Cell::new(0) };
}

/// The core, locked for reading.
#[derive(Debug)]
pub(crate) struct CoreGuard<'a> {
    core: RwLockReadGuard<'a, Core>,
}

impl std::ops::Deref for CoreGuard<'_> {
    type Target = Core;

    #[inline]
    fn deref(&self) -> &Core {
        &self.core
    }
}

impl Drop for CoreGuard<'_> {
    fn drop(&mut self) {
        GUARDS.set(GUARDS.get() - 1);
    }
}

impl Shared {
    pub(crate) fn new(log: Box<dyn Log>, clock: Clock, window: WindowLimits) -> Self {
        let core = Core {
            tree: Tree::default(),
            window: Window::new(window),
            routes: Routes::default(),
            log,
            connected: true,
            resync: 0,
        };
        Self {
            core: RwLock::new(core),
            clock,
            validators: RwLock::default(),
            has_validators: AtomicBool::new(false),
            readers: Mutex::default(),
            connection: tokio::sync::watch::Sender::new(true),
            closing: Mutex::default(),
            has_closing: AtomicBool::new(false),
        }
    }

    /// Locks the core for reading; a thread may do so again while it holds a guard.
    #[inline]
    pub(crate) fn read(&self) -> CoreGuard<'_> {
        let held = GUARDS.get();
        // Behind a writer that waits, only a thread that has a guard may pass: the writer waits for it.
        let core = if held == 0 {
            self.core.read()
        } else {
            self.core.read_recursive()
        };
        GUARDS.set(held + 1);
        CoreGuard { core }
    }

    /// Locks the core for a change that is no commit.
    ///
    /// # Errors
    /// [`Error::InsideView`]
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Core) -> T) -> Result<T> {
        if GUARDS.get() > 0 {
            return Err(Error::InsideView);
        }
        Ok(change(&mut self.core.write()))
    }

    pub(crate) fn close_later(&self, topic: Topic) {
        self.closing.lock().push(topic);
        self.has_closing.store(true, Ordering::Release);
    }

    /// Orders, applies and publishes a commit that `prepare` makes under the lock.
    ///
    /// # Errors
    /// Why the commit is refused; nothing has changed then.
    pub(crate) fn commit(&self, prepare: impl FnOnce(&Tree) -> Result<Commit>) -> Result<Receipt> {
        if GUARDS.get() > 0 {
            return Err(Error::InsideView);
        }
        let mut woken = Vec::new();
        let receipt = {
            let mut core = self.core.write();
            let core = &mut *core;
            if !core.connected {
                return Err(Error::Disconnected);
            }
            if self.has_closing.swap(false, Ordering::AcqRel) {
                for topic in self.closing.lock().drain(..) {
                    core.routes.close(topic);
                }
            }
            let commit = prepare(&core.tree)?;
            core.commit(commit, &self.clock, &mut woken)?
        };
        for waker in woken {
            waker.wake();
        }
        Ok(receipt)
    }

    /// Runs the application's validators on what a commit would write. Where the value depends on
    /// the one that is there, the commit expects that one to stay.
    ///
    /// # Errors
    /// [`Error::Constraint`]
    pub(crate) fn validate(&self, commit: &mut Commit) -> Result<()> {
        let validators = self.validators.read();
        if validators.is_empty() {
            return Ok(());
        }
        let core = self.read();
        for op in &commit.ops {
            match op {
                Op::Write(write) => {
                    let Some(checks) = validators.get(&write.field) else {
                        continue;
                    };
                    let mut value = write.value.clone();
                    if matches!(write.mode, WriteMode::Add | WriteMode::Subtract) {
                        let sign = if write.mode == WriteMode::Add { 1 } else { -1 };
                        let entity = core.tree.existing(write.id)?;
                        value = match (entity.value(write.field)?, value) {
                            (Some(Value::Int(a)), Some(Value::Int(b))) => {
                                a.checked_add(sign * b).map(Value::Int)
                            }
                            (Some(Value::Float(a)), Some(Value::Float(b))) => {
                                Some(Value::Float(a + sign as f64 * b))
                            }
                            _ => None,
                        };
                        let revision = entity.stamp(write.field)?.revision;
                        commit.expect.push(Expect::Field {
                            id: write.id,
                            field: write.field,
                            revision,
                        });
                    }
                    run(checks, value.as_ref(), || core.tree.subject(write.id))?;
                }
                Op::Create(create) => {
                    for (field, value) in &create.values {
                        if let Some(checks) = validators.get(field) {
                            run(checks, Some(value), || create.id.into())?;
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    #[inline]
    pub(crate) fn has_validators(&self) -> bool {
        self.has_validators.load(Ordering::Acquire)
    }

    /// Adds a validator; one that was added before is not added again.
    pub(crate) fn add_validator(&self, field: FieldId, validator: Validator) {
        let mut validators = self.validators.write();
        let known = validators.entry(field).or_default();
        if !known
            .iter()
            .any(|known| std::ptr::fn_addr_eq(known.check, validator.check))
        {
            known.push(validator);
        }
        self.has_validators.store(true, Ordering::Release);
    }
}

fn run(
    checks: &[Validator],
    value: Option<&Value>,
    subject: impl Fn() -> crate::model::Subject,
) -> Result<()> {
    let Some(value) = value else { return Ok(()) };
    for validator in checks {
        if let Err(reason) = (validator.check)(value.as_ref()) {
            let reason = format!("cannot hold {value:?}: {reason}").into();
            return Err(Error::Constraint {
                entity: subject(),
                field: validator.field.name.into(),
                reason,
            });
        }
    }
    Ok(())
}

impl Core {
    fn commit(&mut self, commit: Commit, clock: &Clock, woken: &mut Vec<Waker>) -> Result<Receipt> {
        let receipt = self.log.next(clock.now());
        self.log.reserve(&commit)?;
        let changes = match self.tree.apply(&commit, receipt.revision, receipt.time) {
            Ok(changes) => changes,
            Err(Error::ChainTooDeep { limit, .. }) => {
                return Err(Error::ChainTooDeep {
                    chain: self.chain(&commit),
                    limit,
                });
            }
            Err(error) => return Err(error),
        };
        self.log.append(&commit, receipt);
        let resync = commit.ops.iter().any(|op| matches!(op, Op::Restore(_)));
        let Commit {
            writer,
            cause,
            depth,
            ..
        } = commit;
        let Receipt { revision, time, .. } = receipt;
        let applied = Applied {
            revision,
            time,
            writer,
            cause,
            depth,
            resync,
            changes,
        };
        self.routes.enter(&applied, self.window.first(), woken);
        self.window.push(Arc::new(applied));
        if resync {
            self.resync = revision;
            self.routes.wake_all(woken);
        }
        Ok(receipt)
    }

    /// The handlers that provoked each other, the first one first.
    fn chain(&self, commit: &Commit) -> Vec<SmolStr> {
        let mut chain = Vec::new();
        let mut cause = commit.cause.as_ref();
        while let Some(known) = cause {
            chain.push(known.handler.clone());
            cause = self
                .window
                .get(known.revision)
                .and_then(|provoked| provoked.cause.as_ref());
            if chain.len() > usize::from(Limits::DEFAULT.chain) + 1 {
                break;
            }
        }
        chain.reverse();
        chain
    }
}
