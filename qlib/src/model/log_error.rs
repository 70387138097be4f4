//! What can go wrong with the directory of a store.

use std::io;
use std::sync::Arc;

use crate::model::Revision;

/// What can go wrong with the directory of a store. Nothing was changed by an opening that ends so.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "each variant's message says what it is; its fields are what the message names"
)]
pub enum LogError {
    #[error("{file} cannot be {action}: {reason}")]
    Io {
        file: Arc<str>,
        action: &'static str,
        kind: io::ErrorKind,
        reason: Arc<str>,
    },
    #[error("the store in {directory} is open in {holder}; only one process can write to it")]
    Locked {
        directory: Arc<str>,
        holder: Arc<str>,
    },
    #[error(
        "{directory} holds {file:?} and no store; name a directory of its own for the store, or an empty one"
    )]
    NoStore { directory: Arc<str>, file: Arc<str> },
    #[error("{directory} holds no store; name the directory of one that exists")]
    Missing { directory: Arc<str> },
    #[error(
        "{file} is in version {version} of the format, and this program knows versions up to {known}; update it"
    )]
    NewerVersion {
        file: Arc<str>,
        version: u32,
        known: u32,
    },
    #[error(
        "{file} is damaged at byte {offset}: {reason}; commits from revision {first} on cannot be read. Nothing was changed; `qlib repair` makes a copy and saves what can be read, or restore a backup into a new directory"
    )]
    Damaged {
        file: Arc<str>,
        offset: u64,
        first: Revision,
        reason: Arc<str>,
    },
    #[error(
        "the log does not reach back to revision {revision} any more, it begins with {first}; keep more of it by a longer retention"
    )]
    BeyondRetention { revision: Revision, first: Revision },
    #[error("the commit of revision {revision} was applied, but cannot be written: {reason}")]
    Unwritable {
        revision: Revision,
        reason: Arc<str>,
    },
}

impl LogError {
    /// An error of the operating system.
    pub(crate) fn io(file: &str, action: &'static str, error: &io::Error) -> Self {
        Self::Io {
            file: file.into(),
            action,
            kind: error.kind(),
            reason: error.to_string().into(),
        }
    }
}
