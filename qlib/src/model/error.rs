//! What can go wrong, which entity and field it concerns, and what to do.

use std::fmt;

use smol_str::SmolStr;

use crate::model::{Cursor, EntityId, Kind, LogError, Revision};

/// A result whose error is [`Error`] unless another is named.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An entity as an error names it: by its id and, where it exists, by its path.
#[derive(Clone, PartialEq, Eq)]
pub struct Subject {
    /// The entity's id.
    pub id: EntityId,
    /// Its path when the error arose; empty if it did not exist.
    pub path: Box<str>,
}

impl From<EntityId> for Subject {
    fn from(id: EntityId) -> Self {
        Self {
            id,
            path: "".into(),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            write!(f, "entity {}", self.id)
        } else {
            write!(f, "{} ({})", self.path, self.id)
        }
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What can go wrong. Nothing was changed by the operation that returns one, unless it says so.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "each variant's message says what it is; its fields are what the message names"
)]
pub enum Error {
    #[error("{text:?} is no entity id; write a UUID")]
    BadId { text: SmolStr },
    #[error("{text:?} is no time; write it like 2026-01-31T12:00:00Z")]
    BadTimestamp { text: SmolStr },
    #[error("{name:?} is no name: {reason}")]
    BadName { name: SmolStr, reason: &'static str },
    #[error("there is no type {name}{}", did_you_mean(suggestion))]
    UnknownType {
        name: SmolStr,
        suggestion: Option<SmolStr>,
    },
    #[error("{entity_type} has no field {field}{}", did_you_mean(suggestion))]
    UnknownField {
        entity_type: SmolStr,
        field: SmolStr,
        suggestion: Option<SmolStr>,
    },
    #[error("{entity} does not exist")]
    Missing { entity: Subject },
    #[error("{entity} exists already; every entity needs an id of its own")]
    Exists { entity: Subject },
    #[error("{entity} is gone: it was deleted after the change")]
    Gone { entity: Subject },
    #[error("{entity} is a {actual}, not a {expected}")]
    WrongEntityType {
        entity: Subject,
        expected: SmolStr,
        actual: SmolStr,
    },
    #[error("{entity}: {field} holds {expected}, {actual} was given")]
    WrongType {
        entity: Subject,
        field: SmolStr,
        expected: Kind,
        actual: Kind,
    },
    #[error("{entity}: {field} {reason}")]
    Constraint {
        entity: Subject,
        field: SmolStr,
        reason: Box<str>,
    },
    #[error(
        "{entity}: {field} holds {variant:?}, a variant that this application does not know; update it"
    )]
    UnknownVariant {
        entity: Subject,
        field: SmolStr,
        variant: SmolStr,
    },
    #[error("{entity}: {field} has no value; give one, or declare a default or an Option")]
    Unset { entity: Subject, field: SmolStr },
    #[error("{entity}: {field} would refer to {target}, which does not exist")]
    Dangling {
        entity: Subject,
        field: SmolStr,
        target: EntityId,
    },
    #[error("{entity} cannot be deleted: {}", referrers(by, *more))]
    Referenced {
        entity: Subject,
        by: Vec<(Subject, SmolStr)>,
        more: usize,
    },
    #[error("{entity}: {field} is unique, and {other} holds {value} already")]
    NotUnique {
        entity: Subject,
        field: SmolStr,
        value: Box<str>,
        other: Subject,
    },
    #[error("{entity}: {field} would overflow")]
    Overflow { entity: Subject, field: SmolStr },
    #[error("{entity}: {field} cannot be {operation}; {reason}")]
    WrongWrite {
        entity: Subject,
        field: SmolStr,
        operation: &'static str,
        reason: &'static str,
    },
    #[error("{parent} has a child {name:?} already; names are unique among siblings")]
    DuplicateName { parent: Subject, name: SmolStr },
    #[error("{entity} cannot move below {parent}: that is itself or below itself")]
    Cycle { entity: Subject, parent: Subject },
    #[error("the Root cannot be {operation}")]
    Root { operation: &'static str },
    #[error("{entity} would stand {depth} levels deep, at most {limit} are allowed")]
    TooDeep {
        entity: Subject,
        depth: usize,
        limit: usize,
    },
    #[error("{entity}: {field} would hold {size} bytes, at most {limit} are allowed")]
    ValueTooLarge {
        entity: Subject,
        field: SmolStr,
        size: usize,
        limit: usize,
    },
    #[error("the commit has {size} bytes, at most {limit} are allowed; split it")]
    CommitTooLarge { size: usize, limit: usize },
    #[error("the path {path:?} leads nowhere from {entity}: {reason}")]
    Path {
        entity: Subject,
        path: SmolStr,
        reason: Box<str>,
    },
    #[error("the schema of {entity_type} is refused: {reason}")]
    Schema {
        entity_type: SmolStr,
        reason: Box<str>,
    },
    #[error("the store cannot have these types:{}", lines(refusals))]
    RefusedSchemas {
        refusals: Vec<crate::model::Refusal>,
    },
    #[error(
        "the plan was made from the types of revision {made_from}, they changed at {now}; make it anew"
    )]
    StalePlan { made_from: u64, now: u64 },
    #[error("{path}: {reason}")]
    File { path: Box<str>, reason: Box<str> },
    #[error("line {line} of the schema file: {reason}")]
    SchemaFile { line: usize, reason: Box<str> },
    #[error("{entity}: {field} was changed by another commit meanwhile, 16 times in a row")]
    Conflict { entity: Subject, field: SmolStr },
    #[error("{entity}: {field} is not as expected: {reason}")]
    Expectation {
        entity: Subject,
        field: SmolStr,
        reason: Box<str>,
    },
    #[error("the chain of handlers is deeper than {limit}: {}", chain.join(" -> "))]
    ChainTooDeep { chain: Vec<SmolStr>, limit: u8 },
    #[error(
        "the leadership of {election:?} with token {token} has ended: {newest} was granted since"
    )]
    StaleFence {
        election: SmolStr,
        token: u64,
        newest: u64,
    },
    #[error(
        "the cursor {cursor:?} stands at {}, not at {}: something else has moved it",
        place(actual),
        place(expected)
    )]
    CursorMoved {
        cursor: SmolStr,
        expected: Option<Box<Cursor>>,
        actual: Option<Box<Cursor>>,
    },
    #[error(
        "the cursor {cursor:?} is in use by the handler {handler} of the application {application:?}; each handler needs a cursor of its own, and one that is to be removed must be in use by none"
    )]
    CursorInUse {
        cursor: SmolStr,
        handler: SmolStr,
        application: SmolStr,
    },
    #[error(
        "{handler} is durable: write through `cx.tx()`, which is committed with its cursor, and not through the store"
    )]
    ReadOnly { handler: SmolStr },
    #[error(
        "{handler} has no `cx.tx()`: only a durable handler does (`durable = \"name\"`, `persistent = \"name\"`); use `cx.transaction(…)`"
    )]
    NotDurable { handler: SmolStr },
    #[error(
        "a commit cannot be made inside `view` or `transaction` but by that transaction; make it after"
    )]
    InsideView,
    #[error("the query compares {field} with {given}; it holds {expected}")]
    Query {
        field: SmolStr,
        expected: Kind,
        given: Box<str>,
    },
    #[error("the query asks {operator} of {field}, which holds {kind}; {reason}")]
    Operator {
        field: SmolStr,
        kind: Kind,
        operator: &'static str,
        reason: &'static str,
    },
    #[error("{token:?} is no page token of this query")]
    BadPageToken { token: SmolStr },
    #[error("{text:?} is no position of a log")]
    BadPosition { text: SmolStr },
    #[error("{entity_type}.{field} keeps no history; declare `#[field(history(keep = \"30d\"))]`")]
    NoHistory {
        entity_type: SmolStr,
        field: SmolStr,
    },
    #[error(
        "the store at revision {revision} cannot be shown; it can from revision {oldest} to {newest}"
    )]
    OutOfReach {
        revision: Revision,
        oldest: Revision,
        newest: Revision,
    },
    #[error("the history cannot be asked for that: {reason}")]
    HistoryRange { reason: Box<str> },
    #[error("{what} is refused: {reason}")]
    Refused { what: SmolStr, reason: Box<str> },
    #[error("the backup cannot be read: {reason}")]
    Snapshot { reason: Box<str> },
    #[error(
        "line {line} of the import{}: {reason}; nothing was imported",
        at_field(entity, field)
    )]
    Import {
        line: usize,
        entity: SmolStr,
        field: SmolStr,
        reason: Box<str>,
    },
    #[error("what is written out cannot be: {reason}")]
    Backup { reason: Box<str> },
    #[error("the store is disconnected; commits are taken again once it is connected")]
    Disconnected,
    #[error(
        "the store has no room for this commit: {0}; it takes commits again once there is room"
    )]
    StoreFull(LogError),
    #[error(
        "the store takes no further commits since a write has failed ({0}); reading goes on; open it again once the disk is sound"
    )]
    StoreFailed(LogError),
    #[error(
        "whether commit {revision} outlives the process is unknown, the disk has failed ({reason}); open the store again to see"
    )]
    OutcomeUnknown {
        revision: Revision,
        reason: LogError,
    },
    #[error(
        "this process reads the store beside {writer}, which writes to it; commits are taken here once this one has become the writer"
    )]
    NotWriter { writer: std::sync::Arc<str> },
    #[error("the store is closed")]
    Closed,
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("no answer within {limit:?} to the request in {field} of {entity}")]
    NoAnswer {
        entity: Subject,
        field: SmolStr,
        limit: std::time::Duration,
    },
    #[error("the queue of the signal {signal} is full ({limit} values); its handler is too slow")]
    SignalFull { signal: SmolStr, limit: usize },
    #[error("the application cannot start: {reason}")]
    Boot { reason: Box<str> },
    #[error("{reason}")]
    Usage { reason: Box<str> },
    #[error("{0}")]
    Other(std::sync::Arc<str>),
}

impl Error {
    /// An error of the application's own, for `?` in handlers.
    ///
    /// ```
    /// use qlib::Error;
    /// let error = "12a".parse::<i64>().map_err(Error::other).unwrap_err();
    /// assert_eq!(error.to_string(), "invalid digit found in string");
    /// ```
    #[must_use]
    pub fn other(error: impl fmt::Display) -> Self {
        Self::Other(error.to_string().into())
    }

    /// A mistake on the command line, for the `setup` of `qlib::main!`: the program says what it is
    /// and exits with 2.
    ///
    /// ```
    /// use qlib::Error;
    ///
    /// qlib::main!("sirens", setup = |app| {
    ///     let address = app.option("siren", "ADDRESS", "Where the siren is")?;
    ///     let address = address.ok_or_else(|| Error::usage("--siren is missing"))?;
    ///     println!("{address}");
    ///     Ok(())
    /// });
    /// ```
    #[must_use]
    pub fn usage(reason: impl fmt::Display) -> Self {
        Self::Usage {
            reason: reason.to_string().into(),
        }
    }

    /// Whether trying again cannot help: the same call would fail the same way.
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        !matches!(
            self,
            Self::Conflict { .. }
                | Self::Expectation { .. }
                | Self::Disconnected
                | Self::NotWriter { .. }
                | Self::StoreFull(_)
                | Self::NoAnswer { .. }
                | Self::SignalFull { .. }
                | Self::Missing { .. }
                | Self::Gone { .. }
                | Self::Other(_)
        )
    }
}

/// Where an import came to: as far as it was read.
fn at_field(entity: &SmolStr, field: &SmolStr) -> String {
    match (entity.is_empty(), field.is_empty()) {
        (true, _) => String::new(),
        (false, true) => format!(", {entity}"),
        (false, false) => format!(", {field} of {entity}"),
    }
}

fn place(cursor: &Option<Box<Cursor>>) -> String {
    let cursor = cursor.as_ref();
    cursor.map_or_else(|| "no place yet".to_owned(), |cursor| cursor.to_string())
}

fn did_you_mean(suggestion: &Option<SmolStr>) -> String {
    suggestion
        .as_ref()
        .map(|name| format!("; did you mean {name}?"))
        .unwrap_or_default()
}

fn lines(refusals: &[crate::model::Refusal]) -> String {
    let lines = refusals.iter().map(|refusal| format!("\n- {refusal}"));
    lines.collect()
}

fn referrers(by: &[(Subject, SmolStr)], more: usize) -> String {
    let mut text = by
        .iter()
        .map(|(who, field)| format!("{field} of {who}"))
        .collect::<Vec<_>>()
        .join(", ");
    if more > 0 {
        text += &format!(" and {more} more");
    }
    text + " refer to it; unset them first, or declare `on_delete`"
}

/// The candidate that is closest to `name`, if one is close enough to be what was meant.
pub(crate) fn closest<'a>(
    name: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<SmolStr> {
    let most = name.chars().count().max(3) / 3;
    candidates
        .map(|candidate| {
            (
                edit_distance(&name.to_lowercase(), &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, candidate)| candidate.into())
}

/// Levenshtein's distance, by the row of Wagner and Fischer (1974).
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
