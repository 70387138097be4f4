//! The application's own checks of values, run by whoever commits.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;
use rustc_hash::FxHashMap;

use crate::model::{
    Commit, Create, EntityId, Error, Expect, FieldId, Op, Result, Subject, Validator, Value, Write,
    WriteMode,
};
use crate::tree::{Lens, Tree};

/// The application's own checks, by the field that they are for.
#[derive(Debug, Default)]
pub(crate) struct Validators {
    by_field: RwLock<FxHashMap<FieldId, Vec<Validator>>>,
    any: AtomicBool,
}

impl Validators {
    /// Adds a validator; one that was added before is not added again.
    pub(crate) fn add(&self, field: FieldId, validator: Validator) {
        let mut by_field = self.by_field.write();
        let known = by_field.entry(field).or_default();
        let same = |known: &Validator| std::ptr::fn_addr_eq(known.check, validator.check);
        if !known.iter().any(same) {
            known.push(validator);
        }
        self.any.store(true, Ordering::Release);
    }

    #[inline]
    pub(crate) fn any(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    /// Checks what a commit would leave behind in `tree`. Where that depends on what the tree holds,
    /// the commit expects it to stay.
    ///
    /// # Errors
    /// [`Error::Constraint`], and why a step would be refused whose outcome had to be known.
    pub(crate) fn check(&self, tree: &Tree, commit: &mut Commit) -> Result<()> {
        // The checks are the application's code: none of it runs while this is locked.
        let of = |field: FieldId| self.by_field.read().get(&field).cloned();
        for (at, op) in commit.ops.iter().enumerate() {
            match op {
                Op::Write(write) => {
                    let Some(checks) = of(write.field) else {
                        continue;
                    };
                    let value = match &write.mode {
                        WriteMode::Add | WriteMode::Subtract => {
                            commit.expect.push(as_it_is(tree, write));
                            outcome(tree, &commit.ops[..=at], write)?.map(Cow::Owned)
                        }
                        _ => match &write.value {
                            Some(value) => Some(Cow::Borrowed(value)),
                            None => default(tree, &commit.ops[..at], write).map(Cow::Owned),
                        },
                    };
                    let subject = || match created(&commit.ops[..at], write.id) {
                        Some(create) => subject_of(tree, create),
                        None => tree.subject(write.id),
                    };
                    run(&checks, value.as_deref(), subject)?;
                }
                Op::Create(create) => self.check_created(tree, create)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn check_created(&self, tree: &Tree, create: &Create) -> Result<()> {
        let fields: Vec<FieldId> = self.by_field.read().keys().copied().collect();
        for field in fields {
            let given = create.values.iter().rfind(|(given, _)| *given == field);
            let default = || {
                // The type may be one that this very commit declares.
                let known = tree.types().any(|known| known == create.entity_type);
                let schema = known.then(|| tree.field_schema(create.entity_type, field))??;
                schema.default.as_ref()
            };
            let Some(value) = given.map(|(_, value)| value).or_else(default) else {
                continue;
            };
            let checks = self.by_field.read().get(&field).cloned();
            run(&checks.unwrap_or_default(), Some(value), || {
                subject_of(tree, create)
            })?;
        }
        Ok(())
    }
}

/// What an addition or a subtraction, the last one of `ops`, leaves behind.
fn outcome(tree: &Tree, ops: &[Op], write: &Write) -> Result<Option<Value>> {
    let mut ahead = tree.clone();
    ahead.try_steps(ops, tree.revision() + 1)?;
    Ok(Lens::value(&ahead, write.id, write.field))
}

/// What a write without a value leaves behind.
fn default(tree: &Tree, before: &[Op], write: &Write) -> Option<Value> {
    let entity_type = match tree.entity(write.id) {
        Some(entity) => entity.entity_type(),
        None => created(before, write.id)?.entity_type,
    };
    tree.field_schema(entity_type, write.field)?.default.clone()
}

/// The step that makes an entity.
fn created(ops: &[Op], id: EntityId) -> Option<&Create> {
    ops.iter().find_map(|op| match op {
        Op::Create(create) if create.id == id => Some(&**create),
        _ => None,
    })
}

/// An entity that is being made, as errors name it.
fn subject_of(tree: &Tree, create: &Create) -> Subject {
    let above = tree.subject(create.parent).path;
    let path = format!("{}/{}", above.trim_end_matches('/'), create.name);
    Subject {
        id: create.id,
        path: path.into(),
    }
}

fn as_it_is(tree: &Tree, write: &Write) -> Expect {
    let id: EntityId = write.id;
    let stamp = tree
        .entity(id)
        .and_then(|entity| entity.stamp(write.field).ok());
    match stamp {
        Some(stamp) => Expect::Field {
            id,
            field: write.field,
            revision: stamp.revision,
        },
        None => Expect::Exists { id, exists: false },
    }
}

fn run(checks: &[Validator], value: Option<&Value>, subject: impl Fn() -> Subject) -> Result<()> {
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
