//! Why a command failed, and the exit code that says so.

use qlib::{Error, LogError};

/// The command did what it was asked.
pub(crate) const FINE: u8 = 0;
/// It failed for a reason that has no code of its own, or `schema diff` found a difference.
pub(crate) const FAILED: u8 = 1;
/// The command line is wrong.
pub(crate) const USAGE: u8 = 2;
/// There is no such store, file, entity, field or type.
pub(crate) const NOT_FOUND: u8 = 3;
/// The store refused the commit, or what a file holds.
pub(crate) const REFUSED: u8 = 4;
/// A file is damaged.
pub(crate) const DAMAGED: u8 = 5;
/// Another process has the store open.
pub(crate) const IN_USE: u8 = 6;
/// `open` had to cut off what a crash left unfinished, or to pass over a damaged snapshot.
pub(crate) const CUT: u8 = 7;

/// `repair` has saved what could be read, and revisions are lost.
pub(crate) const LOST: u8 = 8;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Store(#[from] Error),
    #[error("{0}")]
    Usage(String),
    #[error("{file} cannot be {action}: {error}")]
    File {
        file: String,
        action: &'static str,
        error: std::io::Error,
    },
    #[error("the output cannot be written: {0}")]
    Output(#[from] std::io::Error),
}

impl Failure {
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Usage(_) => USAGE,
            Self::File { error, .. } if error.kind() == std::io::ErrorKind::NotFound => NOT_FOUND,
            Self::File { .. } | Self::Output(_) => FAILED,
            Self::Store(error) => code(error),
        }
    }
}

fn code(error: &Error) -> u8 {
    match error {
        Error::Log(LogError::Locked { .. }) => IN_USE,
        Error::Log(LogError::Damaged { .. }) | Error::Snapshot { .. } => DAMAGED,
        Error::Log(LogError::Missing { .. } | LogError::NoStore { .. })
        | Error::Missing { .. }
        | Error::Path { .. }
        | Error::UnknownType { .. }
        | Error::UnknownField { .. } => NOT_FOUND,
        Error::BadId { .. } | Error::BadTimestamp { .. } | Error::Usage { .. } => USAGE,
        Error::BadName { .. }
        | Error::Conflict { .. }
        | Error::Constraint { .. }
        | Error::Cycle { .. }
        | Error::Dangling { .. }
        | Error::DuplicateName { .. }
        | Error::Import { .. }
        | Error::NotUnique { .. }
        | Error::Refused { .. }
        | Error::RefusedSchemas { .. }
        | Error::Root { .. }
        | Error::SchemaFile { .. }
        | Error::StalePlan { .. }
        | Error::Unset { .. }
        | Error::ValueTooLarge { .. }
        | Error::WrongType { .. }
        | Error::WrongWrite { .. } => REFUSED,
        _ => FAILED,
    }
}
