//! All values that fields ever had, and what a policy leaves of them.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::{Applied, Effect, EntityId, FieldId, HistoryPolicy, Quality, Timestamp, Value};
use crate::store::history::tests::policy;
use crate::store::history::{Bucket, Sample};
use crate::tree::Tree;

/// The entities of random tests.
pub(super) const ENTITIES: u128 = 3;

/// The lives of each series: an entity that was deleted and made again begins another.
#[derive(Default)]
pub(super) struct Model {
    series: BTreeMap<(EntityId, String), Vec<Vec<Sample<Value>>>>,
}

impl Model {
    pub(super) fn apply(&mut self, applied: &Applied, tree: &Tree) {
        for effect in &applied.effects {
            match effect {
                Effect::Field(change) => {
                    self.add(
                        applied,
                        tree,
                        change.id,
                        change.field,
                        change.current.clone(),
                    );
                }
                Effect::Created(created) => {
                    for (field, value) in created.values.iter() {
                        self.add(applied, tree, created.id, *field, Some(value.clone()));
                    }
                }
                Effect::Deleted(deleted) => {
                    for (field, ..) in &deleted.fields {
                        self.add(applied, tree, deleted.id, *field, None);
                        let key = (deleted.id, tree.field_name(*field).to_string());
                        self.series.get_mut(&key).unwrap().push(Vec::new());
                    }
                }
                Effect::Placed(_) | Effect::Schema(_) => {}
            }
        }
    }

    fn add(
        &mut self,
        applied: &Applied,
        tree: &Tree,
        id: EntityId,
        field: FieldId,
        value: Option<Value>,
    ) {
        let quality = match &value {
            Some(_) => tree.entity(id).unwrap().stamp(field).unwrap().quality,
            None => Quality::Unset,
        };
        let lives = self.series.entry((id, tree.field_name(field).to_string()));
        let lives = lives.or_insert_with(|| vec![Vec::new()]);
        lives.last_mut().unwrap().push(Sample {
            time: applied.time,
            revision: applied.revision,
            value,
            quality,
        });
    }

    /// Every value that the field ever had.
    pub(super) fn raw(&self, id: EntityId, field: &str) -> Vec<Sample<Value>> {
        let lives = self.series.get(&(id, field.to_owned()));
        lives.map(|lives| lives.concat()).unwrap_or_default()
    }

    /// What the policy leaves of them.
    pub(super) fn samples(&self, id: EntityId, field: &str) -> Vec<Sample<Value>> {
        let lives = self.series.get(&(id, field.to_owned()));
        let lives = lives.into_iter().flatten();
        lives.flat_map(|life| thin(life, &policy(field))).collect()
    }
}

fn number(sample: &Sample<Value>) -> Option<f64> {
    match sample.value {
        Some(Value::Int(value)) => Some(value as f64),
        Some(Value::Float(value)) => Some(value),
        _ => None,
    }
}

fn thin(raw: &[Sample<Value>], policy: &HistoryPolicy) -> Vec<Sample<Value>> {
    let interval = policy.min_interval.unwrap_or_default();
    let mut kept: Vec<Sample<Value>> = Vec::new();
    for (at, sample) in raw.iter().enumerate() {
        let keeps = match kept.last() {
            None => true,
            Some(last) => {
                let near = match (number(sample), number(last), policy.deadband) {
                    (Some(a), Some(b), Some(deadband)) => (a - b).abs() < deadband,
                    _ => sample.value == last.value,
                };
                let next = raw.get(at + 1);
                let stood = next.is_some_and(|next| next.time.since(sample.time) >= interval);
                let late = sample.time.since(last.time) >= interval;
                (!near || sample.quality != last.quality) && (late || stood)
            }
        };
        if keeps || at + 1 == raw.len() {
            kept.push(sample.clone());
        }
    }
    kept
}

/// Buckets of samples that are all there are, by what holds in each piece of time.
pub(super) fn buckets(
    samples: &[Sample<Value>],
    (from, to): (Timestamp, Timestamp),
    width: Duration,
) -> Vec<Bucket<Value>> {
    let width = width.as_nanos() as i64;
    let (from, to) = (from.as_nanos(), to.as_nanos());
    let time = |sample: &Sample<Value>| sample.time.as_nanos();
    let mut buckets = Vec::new();
    let mut start = from - from.rem_euclid(width);
    while start < to {
        let (begin, end) = (start.max(from), (start + width).min(to));
        let mut seen: Vec<(Value, i64)> = Vec::new();
        for (at, sample) in samples.iter().enumerate() {
            let next = samples.get(at + 1).map_or(i64::MAX, time);
            let held = next.min(end) - time(sample).max(begin);
            let inside = (begin..end).contains(&time(sample));
            if let Some(value) = &sample.value
                && (inside || held > 0)
            {
                seen.push((value.clone(), held.max(0)));
            }
        }
        let inside = |sample: &&Sample<Value>| (begin..end).contains(&time(sample));
        let count = samples.iter().filter(inside).count();
        if count > 0 || !seen.is_empty() {
            let by =
                |a: &&(Value, i64), b: &&(Value, i64)| a.0.as_ref().compare(b.0.as_ref()).unwrap();
            let ordered = seen.iter().all(|(value, _)| value.kind().is_ordered());
            let value = |found: Option<&(Value, i64)>| {
                found.filter(|_| ordered).map(|(value, _)| value.clone())
            };
            let total = seen.iter().map(|(_, held)| held).sum::<i64>() as f64;
            let of = |value: &Value| match value {
                Value::Int(value) => Some(*value as f64),
                Value::Float(value) => Some(*value),
                _ => None,
            };
            let weighted = seen
                .iter()
                .map(|(value, held)| Some(of(value)? * *held as f64));
            let mean = match total {
                0.0 => seen.last().and_then(|(value, _)| of(value)),
                _ => weighted.sum::<Option<f64>>().map(|sum| sum / total),
            };
            let last = samples.iter().rev().find(|sample| time(sample) < end);
            buckets.push(Bucket {
                start: Timestamp::from_nanos(start),
                min: value(seen.iter().min_by(by)),
                max: value(seen.iter().max_by(by)),
                mean,
                last: last.and_then(|last| last.value.clone()),
                count,
            });
        }
        start += width;
    }
    buckets
}
