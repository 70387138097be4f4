//! Instants, and the clock that tells them.

use std::cell::RefCell;
use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::model::{Error, Result};

/// A point in time: nanoseconds since 1970-01-01T00:00:00Z, good from the year 1678 to 2262.
///
/// ```
/// use qlib::Timestamp;
/// let noon: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
/// assert_eq!(noon.to_string(), "2026-01-01T12:00:00Z");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp {
    nanos: i64,
}

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self { nanos: 0 };

    /// The application's clock: the system's, or the one that a test drives.
    #[must_use]
    pub fn now() -> Self {
        Clock::current().now()
    }

    /// The instant `nanos` nanoseconds after [`Timestamp::EPOCH`].
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self { nanos }
    }

    /// Nanoseconds since [`Timestamp::EPOCH`].
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        self.nanos
    }

    /// How long after `earlier` this is; zero if it is not after.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(u64::try_from(self.nanos.saturating_sub(earlier.nanos)).unwrap_or(0))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        let nanos = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        Self {
            nanos: self.nanos.saturating_add(nanos),
        }
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        let nanos = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        Self {
            nanos: self.nanos.saturating_sub(nanos),
        }
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self::EPOCH + after,
            Err(before) => Self::EPOCH - before.duration(),
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_nanosecond(i128::from(self.nanos)) {
            Ok(time) => time.fmt(f),
            Err(_) => write!(f, "{} ns", self.nanos),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        text.parse::<jiff::Timestamp>()
            .ok()
            .and_then(|time| i64::try_from(time.as_nanosecond()).ok())
            .map(Self::from_nanos)
            .ok_or_else(|| Error::BadTimestamp { text: text.into() })
    }
}

/// Where an application gets its time from: the system, or a test.
#[derive(Clone, Default)]
pub struct Clock {
    source: Option<Source>,
}

#[derive(Clone)]
enum Source {
    Driven(Arc<AtomicI64>),
    Read(Arc<dyn Fn() -> Timestamp + Send + Sync>),
}

thread_local! {
    static CURRENT: RefCell<Clock> = const { RefCell::new(Clock::SYSTEM) };
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "clock at {}", self.now())
    }
}

impl Clock {
    /// The clock of the machine.
    pub const SYSTEM: Self = Self { source: None };

    /// A clock that stands at `start` until [`Clock::set`] moves it.
    #[must_use]
    pub fn driven(start: Timestamp) -> Self {
        Self {
            source: Some(Source::Driven(Arc::new(AtomicI64::new(start.nanos)))),
        }
    }

    /// A clock that tells what `read` says.
    #[must_use]
    pub fn reading(read: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self {
            source: Some(Source::Read(Arc::new(read))),
        }
    }

    /// The time that this clock tells.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.source {
            None => SystemTime::now().into(),
            Some(Source::Driven(nanos)) => Timestamp::from_nanos(nanos.load(Ordering::Acquire)),
            Some(Source::Read(read)) => read(),
        }
    }

    /// Moves a driven clock to `time`; others do not listen.
    pub fn set(&self, time: Timestamp) {
        if let Some(Source::Driven(nanos)) = &self.source {
            nanos.store(time.nanos, Ordering::Release);
        }
    }

    /// The clock that [`Timestamp::now`] reads on this thread.
    #[must_use]
    pub fn current() -> Self {
        CURRENT.with_borrow(Clone::clone)
    }

    /// Makes this the clock that [`Timestamp::now`] reads on this thread.
    pub fn install(&self) {
        CURRENT.set(self.clone());
    }
}
