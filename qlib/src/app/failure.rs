//! How handlers fail, and what is done about it.

use std::fmt;
use std::time::Duration;

use crate::model::{EntityId, Error};

/// Why a call of a handler did not succeed.
#[derive(Debug)]
pub enum Failure {
    /// It returned an error of qlib's.
    Qlib(Error),
    /// It returned an error of its own.
    Other(Box<dyn std::error::Error + Send + Sync>),
    /// It panicked.
    Panic(String),
    /// It awaited past its limit.
    TimedOut(Duration),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Qlib(error) => error.fmt(f),
            Self::Other(error) => error.fmt(f),
            Self::Panic(message) => write!(f, "it panicked: {message}"),
            Self::TimedOut(limit) => write!(f, "it awaited past its limit of {limit:?}"),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Qlib(error)
    }
}

impl Failure {
    /// Whether calling again cannot help.
    pub(crate) fn is_permanent(&self) -> bool {
        matches!(self, Self::Qlib(error) if error.is_permanent())
    }

    /// Whether the handler found its own entity gone, so that there is nothing left to do.
    pub(crate) fn is_gone(&self, id: Option<EntityId>) -> bool {
        matches!(self, Self::Qlib(Error::Gone { entity }) if Some(entity.id) == id)
    }
}

/// What a handler returns: `Result<()>`, with qlib's error or any other.
#[diagnostic::on_unimplemented(
    message = "a handler returns `Result<()>`, not `{Self}`",
    label = "this returns something else",
    note = "write `-> Result<()>` and end with `Ok(())`"
)]
pub trait Outcome {
    #[doc(hidden)]
    #[expect(
        clippy::wrong_self_convention,
        reason = "generated code says where it comes from"
    )]
    fn from_handler(self) -> Result<(), Failure>;
}

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> Outcome for Result<(), E> {
    fn from_handler(self) -> Result<(), Failure> {
        self.map_err(|error| match error.into().downcast::<Error>() {
            Ok(error) => Failure::Qlib(*error),
            Err(other) => Failure::Other(other),
        })
    }
}

/// How often a failing handler is called, and after which pauses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retry {
    times: u32,
    first: Duration,
    max: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            times: 5,
            first: Duration::from_millis(100),
            max: Self::LONGEST,
        }
    }
}

impl Retry {
    /// The longest pause, unless another is asked for.
    pub(crate) const LONGEST: Duration = Duration::from_secs(10);

    /// Five calls; the first pause is 100 ms, each next one 4 times as long, at most 10 s.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many calls there are, the first one included.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times.max(1);
        self
    }

    /// The pause after the first failure.
    #[must_use]
    pub fn first(mut self, pause: Duration) -> Self {
        self.first = pause;
        self
    }

    /// The longest pause.
    #[must_use]
    pub fn max(mut self, pause: Duration) -> Self {
        self.max = pause;
        self
    }

    /// The pause after so many failures; `None` when there is no further call.
    pub(crate) fn pause(&self, failures: u32) -> Option<Duration> {
        (failures < self.times).then(|| {
            self.first
                .saturating_mul(4u32.saturating_pow(failures - 1))
                .min(self.max)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_fourfold_up_to_the_longest() {
        let pauses: Vec<_> = (1..=5)
            .map(|failures| Retry::new().pause(failures).map(|pause| pause.as_millis()))
            .collect();
        assert_eq!(pauses, [Some(100), Some(400), Some(1600), Some(6400), None]);
        assert_eq!(
            Retry::new().times(9).pause(8),
            Some(Duration::from_secs(10))
        );
    }
}
