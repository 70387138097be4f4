//! Who an entity is.

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::marker::PhantomData;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

use crate::model::{Error, Result};

/// The public id of an entity: a UUID, version 7 for those that qlib makes.
///
/// Ids are made by whoever creates the entity, so that an entity has its id before it is committed.
///
/// ```
/// use qlib::EntityId;
/// let id = EntityId::new();
/// assert_eq!(id.to_string().parse::<EntityId>().unwrap(), id);
/// ```
// Two halves instead of a `u128`: a `u128` is aligned to 16 bytes and would widen `Value` by half.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntityId {
    high: u64,
    low: u64,
}

impl EntityId {
    /// The Root of every store.
    pub const ROOT: Self = Self::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001);

    /// A new id, larger than those that this process made before.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "two calls give two values")]
    pub fn new() -> Self {
        let (millis, random) = NEWEST.lock().next(SystemTime::now());
        Self {
            high: millis << 16 | 7 << 12 | (random >> 62) as u64,
            low: 0b10 << 62 | random as u64 & (u64::MAX >> 2),
        }
    }

    /// The id with these 128 bits.
    #[must_use]
    pub const fn from_u128(bits: u128) -> Self {
        Self {
            high: (bits >> 64) as u64,
            low: bits as u64,
        }
    }

    /// The 128 bits of the id.
    #[must_use]
    pub const fn as_u128(self) -> u128 {
        (self.high as u128) << 64 | self.low as u128
    }
}

/// The newest id that this process made: its millisecond, and the 74 bits that are random at first and
/// grow by a random number within a millisecond.
struct Newest {
    millis: u64,
    random: u128,
}

static NEWEST: Mutex<Newest> = Mutex::new(Newest {
    millis: 0,
    random: 0,
});

impl Newest {
    fn next(&mut self, now: SystemTime) -> (u64, u128) {
        // The standard library asks the system for randomness once per thread; each hasher after
        // that has keys of its own, so that what it makes of nothing cannot be foretold.
        let random = || RandomState::new().hash_one(());
        let millis = now
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_millis() as u64);
        let step = u128::from(random() as u32) + 1;
        if millis > self.millis || (self.random + step) >> 74 != 0 {
            self.millis = millis.max(self.millis + 1);
            // The highest bit stays free, so that there is room to grow.
            self.random = u128::from(random()) << 9 | u128::from(random() >> 55);
        } else {
            self.random += step;
        }
        (self.millis, self.random)
    }
}

impl Hash for EntityId {
    // One word is enough for a hash: both halves carry time or randomness.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.high.rotate_left(32) ^ self.low);
    }
}

impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        uuid::Uuid::from_u128(self.as_u128()).fmt(f)
    }
}

impl fmt::Debug for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for EntityId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match uuid::Uuid::parse_str(text) {
            Ok(id) => Ok(Self::from_u128(id.as_u128())),
            Err(_) => Err(Error::BadId { text: text.into() }),
        }
    }
}

/// A reference to an entity of type `E` or of a type that extends it.
pub struct Ref<E> {
    id: EntityId,
    target: PhantomData<fn() -> E>,
}

impl<E> Ref<E> {
    /// A reference to `id`; that `id` is an `E` is checked when the reference is written.
    #[must_use]
    pub const fn new(id: EntityId) -> Self {
        Self {
            id,
            target: PhantomData,
        }
    }

    /// The id of the entity that is referred to.
    #[must_use]
    pub const fn id(self) -> EntityId {
        self.id
    }
}

impl<E> Clone for Ref<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Ref<E> {}

impl<E> PartialEq for Ref<E> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl<E> Eq for Ref<E> {}

impl<E> Hash for Ref<E> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl<E> fmt::Debug for Ref<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.id, f)
    }
}

impl<E> fmt::Display for Ref<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.id, f)
    }
}

impl<E> From<EntityId> for Ref<E> {
    fn from(id: EntityId) -> Self {
        Self::new(id)
    }
}

impl<E> From<Ref<E>> for EntityId {
    fn from(reference: Ref<E>) -> Self {
        reference.id
    }
}

impl<E> From<&Ref<E>> for EntityId {
    fn from(reference: &Ref<E>) -> Self {
        reference.id
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn ids_grow_and_say_when_they_were_made() {
        let before = SystemTime::now();
        let ids: Vec<_> = (0..10_000).map(|_| EntityId::new()).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
        for id in ids {
            let uuid = uuid::Uuid::from_u128(id.as_u128());
            assert_eq!(
                (uuid.get_version_num(), uuid.get_variant()),
                (7, uuid::Variant::RFC4122)
            );
            let millis = Duration::from_millis((id.as_u128() >> 80) as u64);
            let before = before.duration_since(UNIX_EPOCH).unwrap();
            assert!(
                millis + Duration::from_millis(1) > before
                    && millis < before + Duration::from_secs(60)
            );
        }
    }

    #[test]
    fn a_clock_that_goes_back_and_a_full_millisecond_are_passed_over() {
        let mut newest = Newest {
            millis: 5_000,
            random: (1 << 74) - 1,
        };
        let (millis, random) = newest.next(UNIX_EPOCH + Duration::from_millis(10));
        assert_eq!((millis, random >> 73), (5_001, 0));
        assert_eq!(newest.next(UNIX_EPOCH).0, 5_001);
        assert_eq!(
            newest.next(UNIX_EPOCH + Duration::from_millis(6_000)).0,
            6_000
        );
    }
}
