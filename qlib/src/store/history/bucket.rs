//! The history of a field, summed up.

use std::cmp::Ordering;
use std::time::Duration;

use crate::model::{Error, Result, Timestamp, Value};
use crate::store::history::HistoryQuery;

/// So many buckets are made of one range.
const BUCKETS: usize = 100_000;

/// What a field held in a stretch of time. A value holds until the next sample, so also in buckets
/// that have no sample.
#[derive(Clone, PartialEq, Debug)]
pub struct Bucket<V> {
    /// When the bucket begins.
    pub start: Timestamp,
    /// The smallest value; `None` where values have no order.
    pub min: Option<V>,
    /// The largest value; `None` where values have no order.
    pub max: Option<V>,
    /// The mean of numbers, each weighted by how long it held.
    pub mean: Option<f64>,
    /// The value at the end; `None` if the field was unset then.
    pub last: Option<V>,
    /// How many samples are in it.
    pub count: usize,
}

impl<V> HistoryQuery<V> {
    /// The range in buckets of the same width, each beginning at a multiple of it since
    /// [`Timestamp::EPOCH`]. The first and the last may reach beyond the range; only what is in the
    /// range counts. Those in which the field held nothing are left out.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use qlib::{Clock, WindowLimits, prelude::*};
    /// # #[derive(Entity)]
    /// # struct Boiler { #[field(history(keep = "30d"))] pressure: f64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let start = "2026-01-01T12:00:00Z".parse()?;
    /// # let clock = Clock::driven(start);
    /// # let store = Store::memory_with(clock.clone(), WindowLimits::default())?;
    /// # store.set_schema(Boiler::schema()).await?;
    /// # let new = || Boiler::builder().pressure(1.0);
    /// # let boiler = store.transaction(|tx| tx.create(EntityId::ROOT, "Boiler", new())).await?;
    /// // 1 bar for 15 seconds, 3 bar for 45.
    /// # clock.set(start + Duration::from_secs(15));
    /// store.entity::<Boiler>(boiler)?.set_pressure(3.0).commit().await?;
    /// # clock.set(start + Duration::from_secs(60));
    /// let history = store.history(boiler, Boiler::FIELDS.Pressure, ..)?;
    /// let minute = &history.buckets(Duration::from_secs(60))?[0];
    /// assert_eq!((minute.min, minute.max, minute.mean), (Some(1.0), Some(3.0), Some(2.5)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::HistoryRange`]: the width is zero, or there would be more than 100,000 buckets; those
    /// of [`HistoryQuery::all`].
    pub fn buckets(&self, width: Duration) -> Result<Vec<Bucket<V>>> {
        let width = match i64::try_from(width.as_nanos()) {
            Ok(0) => return refused("a bucket of no width holds nothing".into()),
            Ok(width) => width,
            Err(_) => return refused("a bucket is at most 292 years wide".into()),
        };
        let (from, to) = self.range;
        let mut summary = Summary {
            width,
            buckets: Vec::new(),
        };
        let mut excerpt = self.history.excerpt(self.key, self.range, None);
        let mut held: (Timestamp, Option<Value>) = (from, None);
        while let Some(sample) = excerpt.next()? {
            if sample.time >= to {
                break;
            }
            if sample.time >= from {
                summary.hold(held.1.as_ref(), held.0, sample.time)?;
                summary.sample(sample.value.as_ref(), sample.time)?;
            }
            held = (sample.time.max(from), sample.value);
        }
        summary.hold(held.1.as_ref(), held.0, to.min(self.now))?;
        let typed = |value: Option<Value>| value.map(|value| self.decode(value)).transpose();
        let bucket = |(bucket, _): (Bucket<Value>, f64)| {
            Ok(Bucket {
                start: bucket.start,
                min: typed(bucket.min)?,
                max: typed(bucket.max)?,
                mean: bucket.mean,
                last: typed(bucket.last)?,
                count: bucket.count,
            })
        };
        summary.buckets.into_iter().map(bucket).collect()
    }
}

fn refused<T>(reason: Box<str>) -> Result<T> {
    Err(Error::HistoryRange { reason })
}

/// The buckets so far, each with the time over which its mean is.
struct Summary {
    width: i64,
    buckets: Vec<(Bucket<Value>, f64)>,
}

impl Summary {
    /// The bucket that a moment is in, which is the last one or comes after it.
    fn bucket(&mut self, time: Timestamp) -> Result<&mut (Bucket<Value>, f64)> {
        let nanos = time.as_nanos();
        let start = Timestamp::from_nanos(nanos.saturating_sub(nanos.rem_euclid(self.width)));
        if self
            .buckets
            .last()
            .is_none_or(|(last, _)| last.start != start)
        {
            if self.buckets.len() == BUCKETS {
                return refused(
                    format!("it would be more than {BUCKETS} buckets; make them wider").into(),
                );
            }
            let bucket = Bucket {
                start,
                min: None,
                max: None,
                mean: None,
                last: None,
                count: 0,
            };
            self.buckets.push((bucket, 0.0));
        }
        let at = self.buckets.len() - 1;
        Ok(&mut self.buckets[at])
    }

    /// The field holds a value, from a moment to another.
    fn hold(&mut self, value: Option<&Value>, from: Timestamp, to: Timestamp) -> Result<()> {
        let Some(value) = value else {
            return Ok(());
        };
        let (mut from, to, width) = (from.as_nanos(), to.as_nanos(), self.width);
        while from < to {
            let bucket = self.bucket(Timestamp::from_nanos(from))?;
            let end = bucket.0.start.as_nanos().saturating_add(width).min(to);
            see(bucket, value, (end - from) as f64);
            from = end;
        }
        Ok(())
    }

    /// The field is written.
    fn sample(&mut self, value: Option<&Value>, time: Timestamp) -> Result<()> {
        let bucket = self.bucket(time)?;
        bucket.0.count += 1;
        match value {
            Some(value) => see(bucket, value, 0.0),
            None => bucket.0.last = None,
        }
        Ok(())
    }
}

/// A bucket sees a value for some nanoseconds.
fn see((bucket, total): &mut (Bucket<Value>, f64), value: &Value, nanos: f64) {
    let beyond = |than: &Option<Value>, side: Ordering| match than {
        None => value.kind().is_ordered(),
        Some(than) => value.as_ref().compare(than.as_ref()) == Some(side),
    };
    if beyond(&bucket.min, Ordering::Less) {
        bucket.min = Some(value.clone());
    }
    if beyond(&bucket.max, Ordering::Greater) {
        bucket.max = Some(value.clone());
    }
    if let Some(number) = value.as_ref().as_number() {
        let sum = *total + nanos;
        bucket.mean = match bucket.mean {
            Some(mean) if sum > 0.0 => Some(mean * (*total / sum) + number * (nanos / sum)),
            _ => Some(number),
        };
        *total = sum;
    }
    bucket.last = Some(value.clone());
}
