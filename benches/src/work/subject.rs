//! What a library must be able to do to be measured.

use std::time::Duration;

/// A result, or `None` from a library that has no such thing.
pub(crate) type Can<T> = anyhow::Result<Option<T>>;

/// A library under work: a store filled with the devices of the shape.
///
/// Methods take a whole batch, so that each library may do once what it needs once (lock, view,
/// bind); the clock runs outside. Positions in `order` are those that [`super::device`] counts.
/// What a method returns is checked against the shape, so a library that does less cannot win.
pub(crate) trait Subject: Sized {
    /// Creates the devices one after another, each its own commit with its eight values. Adds to
    /// `spent` what that took, without the making of the values.
    fn create(entities: usize, spent: &mut Duration) -> Can<Self>;

    /// The same store, made in whatever way is fast.
    fn build(entities: usize) -> Can<Self> {
        Self::create(entities, &mut Duration::default())
    }

    /// The same store, which keeps as little as it can for readers that lag.
    fn create_lean(entities: usize) -> Can<Self> {
        Self::create(entities, &mut Duration::default())
    }

    /// The sum of `count`, read through handles that were bound beforehand.
    fn read_int(&mut self, order: &[u32]) -> Can<i64>;

    /// The same, each read a call by id.
    fn get_int(&mut self, order: &[u32]) -> Can<i64> {
        self.read_int(order)
    }

    /// The summed length of `tag` at even and `serial` at odd places of `order`, each read as an
    /// owned or borrowed string, whichever the library gives.
    fn read_string(&mut self, order: &[u32]) -> Can<usize>;

    /// The sum of `partner -> count`.
    fn read_reference(&mut self, order: &[u32]) -> Can<i64>;

    /// From now on exactly `subscribers` receive each write of any device's `level`.
    fn subscribe(&mut self, subscribers: usize) -> Can<()>;

    /// Writes `value` to `level` at each place of `order`, one commit each; then every subscriber
    /// reads what it received to the end. Returns the number of deliveries.
    fn commit(&mut self, order: &[u32], value: i64) -> Can<u64>;

    /// Writes `value` to `level` at each place of `order`, 100 places in one commit.
    fn commit_many(&mut self, order: &[u32], value: i64) -> Can<()>;

    /// Commits `commits` writes with 100 async handlers on the field, waits until all handlers
    /// have run, and returns how many were started.
    fn start_handlers(&mut self, _commits: usize) -> Can<u64> {
        Ok(None)
    }

    /// For each of `samples` writes of `level`, the time from before it until its receiver has it.
    fn latency(&mut self, _samples: usize) -> Can<Vec<Duration>> {
        Ok(None)
    }

    /// Creates `leaves` more devices, which the next [`Subject::delete`] takes away.
    fn add(&mut self, leaves: usize) -> Can<()>;

    /// Deletes what [`Subject::add`] created, one commit each.
    fn delete(&mut self) -> Can<()>;

    /// The number of devices that a query for the type returns, having held every id.
    fn all_of_type(&mut self) -> Can<usize>;

    /// The number of devices whose `count` is `count`.
    fn filter_one(&mut self, _count: i64) -> Can<usize> {
        Ok(None)
    }

    /// The number of devices whose `serial` is `serial`, answered from an index.
    fn filter_one_indexed(&mut self, _serial: &str) -> Can<usize> {
        Ok(None)
    }

    /// The number of devices whose `level` is not negative.
    fn filter_all(&mut self) -> Can<usize> {
        Ok(None)
    }

    /// Takes a snapshot of everything; how long no writer could have written.
    fn snapshot(&mut self) -> Can<Duration>;

    /// A store of the same content, restored from a snapshot; the old one is dropped.
    fn restored(self) -> Can<Self>;

    /// The bytes of everything as JSON.
    fn export(&mut self) -> Can<usize> {
        Ok(None)
    }

    /// Lets go of what only lives for readers that lag: the recent window, the history.
    fn forget(&mut self) {}
}
