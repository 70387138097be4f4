//! Changes that a handler could not handle, kept as entities below the `Service`.

use smol_str::{SmolStr, format_smolstr};

use crate::app::App;
use crate::app::failure::Failure;
use crate::app::runner::Attempt;
use crate::model::{EntityId, Error, FieldId, Op, Result, Timestamp, Value};
use crate::store::DEAD_LETTER;

/// Dead letters that are kept; older ones are dropped.
const KEPT: usize = 1000;

/// A change that a handler could not handle.
///
/// ```
/// use qlib::prelude::*;
///
/// fn try_all_again(app: &App) -> Result<()> {
///     for letter in app.dead_letters() {
///         tracing::info!(letter.handler, letter.error, "again");
///         app.retry(letter.id)?;
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct DeadLetter {
    /// The entity that keeps it.
    pub id: EntityId,
    /// The handler, as `Worker::method`.
    pub handler: String,
    /// The entity that changed; empty if the input was no change.
    pub entity: String,
    /// The field that changed, or what else the input was.
    pub field: String,
    /// The revision of the change; 0 if the input was none.
    pub revision: i64,
    /// The last error.
    pub error: String,
    /// How many calls there were.
    pub attempts: i64,
    /// When it was given up.
    pub time: Timestamp,
}

impl App {
    /// Gives an input up: keeps it as a dead letter, in the commit that does `done`.
    ///
    /// # Errors
    /// Why it cannot be kept.
    pub(crate) fn park(
        &self,
        handler: &SmolStr,
        field: &SmolStr,
        attempt: &Attempt,
        failure: &Failure,
        done: Option<Op>,
    ) -> Result<()> {
        tracing::error!(%handler, entity = ?attempt.entity(), attempts = attempt.failures, %failure, "given up: kept as a dead letter");
        let letter = self.write_letter(handler, field, attempt, failure, done)?;
        if let Some(before) = attempt.dead_letter {
            let _ = self.dismiss(before);
        }
        let mut kept = Attempt::new(attempt.input.clone());
        kept.dead_letter = Some(letter);
        kept.input.forget_awaited();
        self.letters()
            .borrow_mut()
            .insert(letter, (handler.clone(), kept));
        self.drop_old_letters();
        Ok(())
    }

    fn write_letter(
        &self,
        handler: &SmolStr,
        field: &SmolStr,
        attempt: &Attempt,
        failure: &Failure,
        done: Option<Op>,
    ) -> Result<EntityId> {
        let entity = attempt
            .entity()
            .map(|id| id.to_string())
            .unwrap_or_default();
        let revision = attempt.revision();
        // A name has no room for a `/`, a letter's own id makes it unique.
        let name = format_smolstr!(
            "{} at {revision} ({})",
            handler.replace('/', " "),
            EntityId::new()
        );
        let limit = |text: String| text.chars().take(4096).collect::<String>();
        let outcome = self.own_store().transact(|tx| {
            if let Some(done) = &done {
                tx.step(done.clone());
            }
            tx.create_named(
                self.service(),
                name.clone(),
                DEAD_LETTER,
                [
                    ("Handler", Value::from(handler.clone())),
                    ("Entity", Value::from(entity.clone())),
                    ("Field", Value::from(field.clone())),
                    (
                        "Revision",
                        Value::Int(i64::try_from(revision).unwrap_or(i64::MAX)),
                    ),
                    ("Error", Value::from(limit(failure.to_string()))),
                    ("Attempts", Value::Int(attempt.failures.into())),
                    ("Time", Value::Timestamp(self.store().clock().now())),
                ],
            )
        });
        outcome.map(|receipt| receipt.value)
    }

    fn drop_old_letters(&self) {
        let letters = self.letter_ids();
        for old in letters.iter().take(letters.len().saturating_sub(KEPT)) {
            match self.dismiss(*old) {
                Ok(()) => self.count_dropped_letter(),
                Err(error) => tracing::error!(%error, "an old dead letter cannot be dropped"),
            }
        }
    }

    fn letter_ids(&self) -> Vec<EntityId> {
        let view = self.store().view();
        let service = view.tree().entity(self.service());
        let letters = service.into_iter().flat_map(|service| service.children());
        letters
            .filter(|child| child.type_name() == DEAD_LETTER)
            .map(|letter| letter.id())
            .collect()
    }

    /// Whether there is such a letter, and it is one of this application.
    fn is_letter(&self, letter: EntityId) -> Result<()> {
        let is_ours = {
            let view = self.store().view();
            let parent = view.entity(letter)?.parent();
            parent.map(|parent| parent.id()) == Some(self.service())
                && view.entity(letter)?.type_name() == DEAD_LETTER
        };
        match is_ours {
            true => Ok(()),
            false => Err(Error::Refused {
                what: format_smolstr!("entity {letter}"),
                reason: "it is no dead letter of this application".into(),
            }),
        }
    }

    /// The dead letters of this application, the oldest first.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        let view = self.store().view();
        let tree = view.tree();
        let Some(service) = tree.entity(self.service()) else {
            return Vec::new();
        };
        let letters = service
            .children()
            .filter(|child| child.type_name() == DEAD_LETTER);
        letters
            .map(|letter| {
                let value = |field: &str| {
                    let field: Option<FieldId> = tree.field_id(letter.entity_type(), field).ok();
                    letter.value(field?).ok()?
                };
                let text = |field: &str| {
                    value(field)
                        .map(|value| value.to_string())
                        .unwrap_or_default()
                };
                let number = |field: &str| match value(field) {
                    Some(Value::Int(number)) => number,
                    _ => 0,
                };
                DeadLetter {
                    id: letter.id(),
                    handler: text("Handler"),
                    entity: text("Entity"),
                    field: text("Field"),
                    revision: number("Revision"),
                    error: text("Error"),
                    attempts: number("Attempts"),
                    time: match value("Time") {
                        Some(Value::Timestamp(time)) => time,
                        _ => Timestamp::EPOCH,
                    },
                }
            })
            .collect()
    }

    /// Gives a dead letter to its handler again, with its attempts counted anew. If the handler
    /// succeeds the letter is dismissed.
    ///
    /// # Errors
    /// [`Error::Missing`]: there is no such entity; [`Error::Refused`]: it is no dead letter, or its
    /// change is from an earlier process.
    pub fn retry(&self, letter: EntityId) -> Result<()> {
        self.is_letter(letter)?;
        let refused = |reason: &str| Error::Refused {
            what: "the retry of a dead letter".into(),
            reason: reason.into(),
        };
        let (handler, attempt) = self.letters().borrow_mut().remove(&letter).ok_or_else(|| {
            refused("its change did not outlive the process, or it is being tried already")
        })?;
        self.hand_to(&handler, attempt)
            .ok_or_else(|| refused("its handler is gone"))
    }

    /// Deletes a dead letter.
    ///
    /// # Errors
    /// [`Error::Missing`]: there is no such entity; [`Error::Refused`]: it is no dead letter.
    pub fn dismiss(&self, letter: EntityId) -> Result<()> {
        self.is_letter(letter)?;
        self.letters().borrow_mut().remove(&letter);
        self.own_store().transact(|tx| {
            tx.delete(letter);
            Ok(())
        })?;
        Ok(())
    }
}
