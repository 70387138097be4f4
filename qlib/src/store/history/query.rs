//! Asking for the history of a field.

use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

use smol_str::SmolStr;

use crate::model::{
    EntityId, Error, Field, FieldId, FieldType, Misfit, Result, Revision, Subject, Timestamp, Value,
};
use crate::store::Store;
use crate::store::core::Core;
use crate::store::history::block::Key;
use crate::store::history::feeder::{Kept, key};
use crate::store::history::{History, HistoryDamage, Sample};

/// A question about the history of one field of one entity; made by [`Store::history`].
#[derive(Clone)]
#[must_use = "a query does nothing until it is asked for samples or buckets"]
pub struct HistoryQuery<V> {
    pub(super) history: Arc<History>,
    pub(super) key: Key,
    /// The first moment of the range, and the one after its last.
    pub(super) range: (Timestamp, Timestamp),
    /// When it was asked, and from when on samples are kept.
    pub(super) now: Timestamp,
    kept_since: Timestamp,
    subject: Subject,
    field: SmolStr,
    decode: fn(Value) -> Result<V, Misfit>,
}

impl<V> fmt::Debug for HistoryQuery<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = self.range;
        write!(f, "{} of {} from {from} to {to}", self.field, self.subject)
    }
}

/// Samples of a field, oldest first.
#[derive(Clone, PartialEq, Debug)]
pub struct Samples<V> {
    /// The sample before the first one: what the field held when the range began. `None` if it held
    /// nothing then, or if that is not kept any more, and behind the first page.
    pub before: Option<Sample<V>>,
    /// The samples in the range.
    pub samples: Vec<Sample<V>>,
    /// From when on the field has samples: those before were never there, or are not kept any more.
    pub since: Option<Timestamp>,
    /// Where the next page begins; `None` if this was the last.
    pub next: Option<Revision>,
}

impl<V> HistoryQuery<V> {
    /// All samples in the range. A month of a value each second is two and a half million: ask for
    /// pages or buckets of long ranges.
    ///
    /// # Errors
    /// [`Error::UnknownVariant`]: a sample does not fit the type; [`Error::Log`]: a file cannot
    /// be read.
    pub fn all(&self) -> Result<Samples<V>> {
        self.page(None, usize::MAX)
    }

    /// At most `limit` samples, and at least one if there is one: the first ones, or those from where
    /// the page before ended.
    ///
    /// ```
    /// # use qlib::prelude::*;
    /// # #[derive(Entity)]
    /// # struct Boiler { #[field(history(keep = "30d"))] pressure: f64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let store = Store::memory()?;
    /// # store.set_schema(Boiler::schema()).await?;
    /// # let new = || Boiler::builder().pressure(1.5);
    /// # let boiler = store.transaction(|tx| tx.create(EntityId::ROOT, "Boiler", new())).await?;
    /// for pressure in [2.0, 2.5] {
    ///     store.entity::<Boiler>(boiler)?.set_pressure(pressure).commit().await?;
    /// }
    /// let history = store.history(boiler, Boiler::FIELDS.Pressure, ..)?;
    /// let page = history.page(None, 2)?;
    /// assert_eq!(page.samples[1].value, Some(2.0));
    /// let page = history.page(page.next, 2)?;
    /// assert_eq!(page.samples[0].value, Some(2.5));
    /// assert_eq!(page.next, None);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`HistoryQuery::all`].
    pub fn page(&self, after: Option<Revision>, limit: usize) -> Result<Samples<V>> {
        let (from, to) = self.range;
        let mut excerpt = self.history.excerpt(self.key, self.range, after);
        let mut page = Samples {
            before: None,
            samples: Vec::new(),
            since: excerpt.oldest.map(|oldest| oldest.max(self.kept_since)),
            next: None,
        };
        let mut before = None;
        while let Some(sample) = excerpt.next()? {
            if sample.time < from {
                before = Some(sample);
            } else if sample.time >= to {
                break;
            } else if after.is_none_or(|after| sample.revision > after) {
                if page.samples.len() >= limit.max(1) {
                    page.next = page.samples.last().map(|last| last.revision);
                    break;
                }
                page.samples.push(self.decoded(sample)?);
            }
        }
        if after.is_none() {
            page.before = before.map(|sample| self.decoded(sample)).transpose()?;
        }
        Ok(page)
    }

    fn decoded(&self, sample: Sample<Value>) -> Result<Sample<V>> {
        Ok(Sample {
            time: sample.time,
            revision: sample.revision,
            value: sample.value.map(|value| self.decode(value)).transpose()?,
            quality: sample.quality,
        })
    }

    pub(super) fn decode(&self, value: Value) -> Result<V> {
        (self.decode)(value).map_err(|misfit| misfit.at(self.subject.clone(), &self.field))
    }
}

impl Store {
    /// What a field held over time. The field declares which values are kept, and for how long:
    /// `#[field(history(keep = "30d", min_interval = "1s", deadband = 0.5))]`. What an entity is
    /// created with counts, and unsetting a field is a sample without a value. An entity that was
    /// deleted is asked for by its id, as before, for as long as its samples are kept.
    ///
    /// What is asked of the query reads files, where the store has a directory.
    ///
    /// ```
    /// # use std::time::Duration;
    /// use qlib::prelude::*;
    ///
    /// #[derive(Entity)]
    /// struct Boiler {
    ///     #[field(history(keep = "30d", min_interval = "1s", deadband = 0.5))]
    ///     pressure: f64,
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let store = Store::memory()?;
    /// # store.set_schema(Boiler::schema()).await?;
    /// # let new = || Boiler::builder().pressure(1.5);
    /// # let boiler = store.transaction(|tx| tx.create(EntityId::ROOT, "Boiler", new())).await?;
    /// let last_hour = Timestamp::now() - Duration::from_secs(3_600)..;
    /// let history = store.history(boiler, Boiler::FIELDS.Pressure, last_hour)?;
    /// for sample in history.all()?.samples {
    ///     println!("{} {:?}", sample.time, sample.value);
    /// }
    /// for minute in history.buckets(Duration::from_secs(60))? {
    ///     println!("{} {:?} to {:?}", minute.start, minute.min, minute.max);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NoHistory`]: the field keeps none; [`Error::Missing`]: there is no such entity, and
    /// none of its samples are left; [`Error::UnknownField`]: the entity has no such field;
    /// [`Error::HistoryRange`]: the range is empty.
    pub fn history<E, T: FieldType>(
        &self,
        id: impl Into<EntityId>,
        field: Field<E, T>,
        range: impl RangeBounds<Timestamp>,
    ) -> Result<HistoryQuery<T::Base>> {
        let (id, core) = (id.into(), self.shared.read());
        let field = core.tree.resolve(field.key())?;
        let kept = core.kept(id, field)?;
        let decode = |value: Value| T::Base::decode(Some(value.as_ref()));
        let name = core.tree.field_name(field);
        self.history_query(&core, id, name, kept, range, decode)
    }

    /// The same by the name of the field.
    ///
    /// # Errors
    /// Those of [`Store::history`].
    pub fn history_named(
        &self,
        id: impl Into<EntityId>,
        field: &str,
        range: impl RangeBounds<Timestamp>,
    ) -> Result<HistoryQuery<Value>> {
        let (id, core) = (id.into(), self.shared.read());
        let kept = match core.tree.entity(id) {
            Some(entity) => core.kept(id, core.tree.field_id(entity.entity_type(), field)?)?,
            None => core
                .feeder
                .kept_by_name(id, field)
                .ok_or(Error::Missing { entity: id.into() })?,
        };
        self.history_query(&core, id, field, kept, range, Ok)
    }

    fn history_query<V>(
        &self,
        core: &Core,
        id: EntityId,
        field: &str,
        kept: Kept,
        range: impl RangeBounds<Timestamp>,
        decode: fn(Value) -> Result<V, Misfit>,
    ) -> Result<HistoryQuery<V>> {
        let now = self.shared.clock.now().max(core.tree.time());
        let kept_since = now - kept.policy.keep;
        let (from, to) = ends(range)?;
        Ok(HistoryQuery {
            history: Arc::clone(core.feeder.history()),
            key: key(id, kept),
            range: (from.max(kept_since), to),
            now,
            kept_since,
            subject: core.tree.subject(id),
            field: field.into(),
            decode,
        })
    }

    /// The parts of the history on disk that turned out to be unreadable. They are left out of every
    /// answer.
    ///
    /// ```
    /// # fn main() -> qlib::Result<()> {
    /// assert!(qlib::Store::memory()?.history_damage().is_empty());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn history_damage(&self) -> Vec<HistoryDamage> {
        self.shared.read().feeder.history().damage()
    }
}

impl Core {
    /// How a field of an entity keeps its history.
    fn kept(&self, id: EntityId, field: FieldId) -> Result<Kept> {
        let kept = self.feeder.kept(field);
        match self.tree.entity(id) {
            // Refuses a field of another type.
            Some(entity) => entity.stamp(field).map(|_| ())?,
            None if kept.is_some_and(|kept| self.feeder.history().has(key(id, kept))) => {}
            None => return Err(Error::Missing { entity: id.into() }),
        }
        kept.ok_or_else(|| {
            let declared_by = self.tree.declared_by(field);
            Error::NoHistory {
                entity_type: declared_by.map_or("Entity".into(), |declared_by| {
                    self.tree.type_name(declared_by).clone()
                }),
                field: self.tree.field_name(field).clone(),
            }
        })
    }
}

/// The first moment of a range, and the one after its last.
fn ends(range: impl RangeBounds<Timestamp>) -> Result<(Timestamp, Timestamp)> {
    let next = |time: &Timestamp| Timestamp::from_nanos(time.as_nanos().saturating_add(1));
    let from = match range.start_bound() {
        Bound::Included(time) => *time,
        Bound::Excluded(time) => next(time),
        Bound::Unbounded => Timestamp::from_nanos(i64::MIN),
    };
    let to = match range.end_bound() {
        Bound::Included(time) => next(time),
        Bound::Excluded(time) => *time,
        Bound::Unbounded => Timestamp::from_nanos(i64::MAX),
    };
    if from >= to {
        return Err(Error::HistoryRange {
            reason: format!("nothing is between {from} and {to}").into(),
        });
    }
    Ok((from, to))
}
