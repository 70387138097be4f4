//! From a [`Subject`] and a [`Work`] to one figure.

use super::shape::partner;
use super::{Can, ENTITIES, Subject, Work, device};
use anyhow::{Context, ensure};
use std::time::{Duration, Instant};

/// How long one figure is measured, unless a single step of the work takes longer.
const SPAN: Duration = Duration::from_millis(150);

/// How many commits are made before the subscribers read.
const BURST: usize = 64;

/// How many devices are read and written over and over, taken at random from all: what handlers
/// and control loops do. The caches are warm for everyone, which is the harder case for us.
const HOT: usize = 1_000;

/// One library with its store, made when it is first needed.
pub(crate) struct Bench<S> {
    store: Option<S>,
    hot: Vec<u32>,
    subscribers: Option<usize>,
    value: i64,
}

impl<S: Subject> Bench<S> {
    /// For a store of `ENTITIES` devices.
    pub(crate) fn new() -> Self {
        // A fixed seed: everyone is asked for the same devices in the same order.
        let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
        let mut random = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) as u32 % ENTITIES as u32
        };
        Self {
            store: None,
            hot: (0..HOT).map(|_| random()).collect(),
            subscribers: None,
            value: 0,
        }
    }

    /// The figure of `work` in the unit of its row, or `None` if the library has no such thing.
    pub(crate) fn figure(&mut self, work: Work) -> Can<f64> {
        let count = |index: usize| index as i64;
        let partner_count = |index: usize| partner(index, ENTITIES) as i64;
        match work {
            Work::ReadInt => self.reads(self.hot.clone(), count, |s, order| s.read_int(order)),
            Work::GetInt => self.reads(self.hot.clone(), count, |s, order| s.get_int(order)),
            Work::ReadReference => self.reads(self.hot.clone(), partner_count, |s, order| {
                s.read_reference(order)
            }),
            // Half of the strings have 8 bytes, half 16. All devices in the order in which they
            // were created, as a table or a report reads them.
            Work::ReadString => self.reads(
                (0..ENTITIES as u32).collect(),
                |_| 12,
                |store, order| Ok(store.read_string(order)?.map(|length| length as i64)),
            ),
            Work::Commit => self.commits(0),
            Work::Commit1 => self.commits(1),
            Work::Commit100 => self.commits(100),
            Work::StartHandlers => self.rate(BURST as f64 * 100.0, |store, _| {
                let Some(started) = store.start_handlers(BURST)? else {
                    return Ok(None);
                };
                ensure!(started == BURST as u64 * 100, "{started} handlers started");
                Ok(Some(()))
            }),
            Work::CommitMany => {
                self.subscribe(0)?;
                {
                    let hot = self.hot.clone();
                    self.rate(HOT as f64, |store, value| store.commit_many(&hot, value))
                }
            }
            Work::CreateTo10k => Self::create(10_000),
            Work::CreateTo100k => Self::create(ENTITIES),
            Work::CreateTo1M => Self::create(1_000_000),
            Work::Delete => self.delete(),
            Work::LatencyP50 => self.latency(0.5),
            Work::LatencyP99 => self.latency(0.99),
            Work::AllOfType => self.query(ENTITIES, |store| store.all_of_type()),
            Work::FilterOne => self.query(1, |store| store.filter_one(ENTITIES as i64 / 2)),
            Work::FilterOneIndexed => {
                let serial = device(ENTITIES / 2, ENTITIES).serial;
                Ok(self
                    .query(1, |store| store.filter_one_indexed(&serial))?
                    .map(|ms| ms * 1e3))
            }
            Work::FilterAll => self.query(ENTITIES, |store| store.filter_all()),
            Work::Snapshot => {
                let stopped = self.store()?.map(|(store, ..)| store.snapshot());
                Ok(stopped
                    .transpose()?
                    .flatten()
                    .map(|stopped| stopped.as_secs_f64() * 1e3))
            }
            Work::Export => {
                let Some((store, ..)) = self.store()? else {
                    return Ok(None);
                };
                let start = Instant::now();
                let Some(bytes) = store.export()? else {
                    return Ok(None);
                };
                ensure!(bytes > ENTITIES * 100, "the export has {bytes} bytes only");
                Ok(Some(start.elapsed().as_secs_f64()))
            }
            _ => Ok(None),
        }
    }

    /// The store, and a value that nobody wrote yet.
    fn store(&mut self) -> Can<(&mut S, i64)> {
        if self.store.is_none() {
            self.store = S::build(ENTITIES)?;
        }
        self.value += 1;
        let value = self.value;
        Ok(self.store.as_mut().map(|store| (store, value)))
    }

    /// Calls `step`, which does `things`, for a while; things per second.
    fn rate<F>(&mut self, things: f64, mut step: F) -> Can<f64>
    where
        F: FnMut(&mut S, i64) -> Can<()>,
    {
        // The first step warms up; of what takes a second there is no need of another one.
        let mut steps = 0_u32;
        let mut spent = Duration::ZERO;
        loop {
            let Some((store, value)) = self.store()? else {
                return Ok(None);
            };
            let start = Instant::now();
            if step(store, value)?.is_none() {
                return Ok(None);
            }
            let elapsed = start.elapsed();
            if steps == 0 && elapsed > Duration::from_secs(1) {
                return Ok(Some(things / elapsed.as_secs_f64()));
            }
            if steps > 0 {
                spent += elapsed;
            }
            if spent >= SPAN {
                return Ok(Some(f64::from(steps) * things / spent.as_secs_f64()));
            }
            steps += 1;
        }
    }

    fn reads<E, R>(&mut self, order: Vec<u32>, expected: E, mut read: R) -> Can<f64>
    where
        E: Fn(usize) -> i64,
        R: FnMut(&mut S, &[u32]) -> Can<i64>,
    {
        let sum: i64 = order.iter().map(|&index| expected(index as usize)).sum();
        self.rate(order.len() as f64, |store, _| {
            let Some(got) = read(store, &order)? else {
                return Ok(None);
            };
            ensure!(got == sum, "the reads add up to {got}, not {sum}");
            Ok(Some(()))
        })
    }

    fn subscribe(&mut self, subscribers: usize) -> Can<()> {
        if self.subscribers == Some(subscribers) {
            return Ok(Some(()));
        }
        let Some((store, ..)) = self.store()? else {
            return Ok(None);
        };
        let done = store.subscribe(subscribers)?;
        self.subscribers = done.map(|()| subscribers);
        Ok(done)
    }

    fn commits(&mut self, subscribers: usize) -> Can<f64> {
        if self.subscribe(subscribers)?.is_none() {
            return Ok(None);
        }
        let deliveries = (BURST * subscribers) as u64;
        let (hot, mut from) = (self.hot.clone(), 0);
        self.rate(BURST as f64, |store, value| {
            let burst = hot.get(from..from + BURST).unwrap_or(&hot);
            let Some(got) = store.commit(burst, value)? else {
                return Ok(None);
            };
            ensure!(got == deliveries, "{got} deliveries, not {deliveries}");
            from = (from + BURST) % (HOT - BURST);
            Ok(Some(()))
        })
    }

    fn create(entities: usize) -> Can<f64> {
        let mut spent = Duration::ZERO;
        let made = S::create(entities, &mut spent)?;
        Ok(made.map(|_| entities as f64 / spent.as_secs_f64()))
    }

    fn delete(&mut self) -> Can<f64> {
        const LEAVES: usize = 16;
        self.subscribe(0)?;
        let (mut deleted, mut spent) = (0, Duration::ZERO);
        while spent < SPAN / 5 {
            let Some((store, ..)) = self.store()? else {
                return Ok(None);
            };
            store.add(LEAVES)?;
            let start = Instant::now();
            if store.delete()?.is_none() {
                return Ok(None);
            }
            spent += start.elapsed();
            deleted += LEAVES;
        }
        Ok(Some(spent.as_secs_f64() * 1e6 / deleted as f64))
    }

    fn latency(&mut self, quantile: f64) -> Can<f64> {
        self.subscribe(0)?;
        let Some((store, ..)) = self.store()? else {
            return Ok(None);
        };
        let Some(mut samples) = store.latency(20_000)? else {
            return Ok(None);
        };
        samples.sort_unstable();
        let place = (samples.len() as f64 * quantile) as usize;
        let sample = samples.get(place).context("no samples of latency")?;
        Ok(Some(sample.as_secs_f64() * 1e6))
    }

    /// Milliseconds of a query that must find `hits`.
    fn query<F>(&mut self, hits: usize, mut query: F) -> Can<f64>
    where
        F: FnMut(&mut S) -> Can<usize>,
    {
        let rate = self.rate(1.0, |store, _| {
            let Some(got) = query(store)? else {
                return Ok(None);
            };
            ensure!(got == hits, "{got} hits, not {hits}");
            Ok(Some(()))
        })?;
        Ok(rate.map(|rate| 1e3 / rate))
    }
}
