//! Places in the log.

use std::fmt;
use std::str::FromStr;

use crate::model::{Error, Revision};

/// A place in the log of a store: a reader that kept it goes on behind it. It may lie between two
/// changes of one commit.
///
/// It knows the line of commits that leads to it, so a store can tell whether that is its own. To
/// those who keep it, it is a short text:
///
/// ```
/// # fn main() -> qlib::Result<()> {
/// let position = qlib::Store::memory()?.position();
/// let kept = position.to_string();
/// assert_eq!(kept.parse::<qlib::Position>()?, position);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Position {
    pub(crate) epoch: u64,
    /// The newest commit of which anything was read.
    pub(crate) revision: Revision,
    /// The chain value of that commit.
    pub(crate) chain: u64,
    /// How many of its effects were read; `None` is all.
    pub(crate) read: Option<u32>,
}

impl Position {
    /// The newest commit of which everything was read.
    #[must_use]
    pub fn revision(&self) -> Revision {
        match self.read {
            Some(_) => self.revision.saturating_sub(1),
            None => self.revision,
        }
    }

    /// How many effects of the commit behind [`Position::revision`] were read.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.read.unwrap_or(0) as usize
    }

    /// Whether the same line of commits leads to both.
    pub(crate) fn is_beside(&self, other: &Self) -> bool {
        let line = |of: &Self| (of.epoch, of.revision, of.chain);
        line(self) == line(other)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            epoch,
            revision,
            chain,
            ..
        } = self;
        write!(f, "{epoch}-{revision}-{chain:016x}")?;
        match self.read {
            Some(read) => write!(f, "-{read}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Position {
    type Err = Error;

    /// # Errors
    /// [`Error::BadPosition`]
    fn from_str(text: &str) -> Result<Self, Error> {
        read(text).ok_or_else(|| Error::BadPosition { text: text.into() })
    }
}

fn read(text: &str) -> Option<Position> {
    let mut parts = text.split('-');
    let position = Position {
        epoch: parts.next()?.parse().ok()?,
        revision: parts.next()?.parse().ok()?,
        chain: u64::from_str_radix(parts.next()?, 16).ok()?,
        read: match parts.next() {
            Some(read) => Some(read.parse().ok()?),
            None => None,
        },
    };
    // One place has one text.
    (position.to_string() == text).then_some(position)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

    use super::*;

    #[test]
    fn a_position_is_a_text_and_back() {
        let mut position = Position {
            epoch: 3,
            revision: 42,
            chain: 0xf00d,
            read: None,
        };
        assert_eq!(position.to_string(), "3-42-000000000000f00d");
        assert_eq!(position.revision(), 42);
        assert_eq!(position.to_string().parse(), Ok(position));
        position.read = Some(7);
        assert_eq!(position.to_string(), "3-42-000000000000f00d-7");
        assert_eq!((position.revision(), position.offset()), (41, 7));
        assert_eq!(position.to_string().parse(), Ok(position));
        for text in ["", "3-42", "3-42-f00d", "3-42-000000000000F00D", "x-1-2"] {
            let error = text.parse::<Position>().unwrap_err();
            assert_eq!(error, Error::BadPosition { text: text.into() });
        }
    }
}
