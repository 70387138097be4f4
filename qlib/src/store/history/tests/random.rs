//! Random commits, flushes and crashes.

use proptest::prelude::*;

use super::model::{ENTITIES, buckets};
use super::*;
use crate::store::Bucket;

#[derive(Clone, Debug)]
enum Step {
    Write(u128, usize, Option<u8>, bool),
    Delete(u128),
    Advance(u64),
    Seal,
    Flush,
    Crash(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let value = prop::option::weighted(0.9, 0..6_u8);
    let write = (
        0..ENTITIES,
        0..FIELDS.len(),
        value,
        prop::bool::weighted(0.9),
    );
    let step = prop_oneof![
        40 => write.prop_map(|(id, field, value, good)| Step::Write(id, field, value, good)),
        3 => (0..ENTITIES).prop_map(Step::Delete),
        20 => (0..1_500_u64).prop_map(Step::Advance),
        6 => Just(Step::Seal),
        5 => Just(Step::Flush),
        3 => (0..20_u64).prop_map(Step::Crash),
    ];
    prop::collection::vec(step, 1..150)
}

fn value(field: usize, number: u8) -> Value {
    match field {
        0 => Value::Float(f64::from(number) / 4.0),
        1 => Value::Int(number.into()),
        _ => Value::String(number.to_string().into()),
    }
}

impl World {
    fn step(&mut self, step: &Step) {
        match *step {
            Step::Write(id, field, number, good) => {
                let (id, value) = (entity(id), number.map(|number| value(field, number)));
                let quality = if good { Quality::Good } else { Quality::Stale };
                if self.store.exists(id) {
                    self.write_as(id, FIELDS[field], value, quality);
                } else {
                    let values = value.map(|value| (FIELDS[field], value));
                    self.create(id, values.as_slice());
                }
            }
            Step::Delete(id) if self.store.exists(entity(id)) => {
                self.commit(Op::Delete(entity(id)))
            }
            Step::Delete(_) => {}
            Step::Advance(time) => self.advance(millis(time)),
            Step::Seal => self.history().seal_all(),
            Step::Flush => assert_eq!(self.flush(), Ok(true)),
            Step::Crash(before) => self.reopen(before),
        }
    }

    /// Ranges, pages and buckets of a series, where it has some.
    fn check_ranges(&self, id: EntityId, field: &str, ends: (u64, u64), limit: usize) {
        let samples = self.model.samples(id, field);
        let (from, to) = (START + millis(ends.0), START + millis(ends.0 + ends.1 + 1));
        let Ok(query) = self.store.history_named(id, field, from..to) else {
            return assert!(samples.is_empty());
        };
        let before = samples.iter().rfind(|sample| sample.time < from);
        let inside = samples
            .iter()
            .filter(|sample| (from..to).contains(&sample.time));
        let inside: Vec<_> = inside.cloned().collect();
        let (mut next, mut paged) = (None, Vec::new());
        loop {
            let page = query.page(next, limit).unwrap();
            assert!(page.samples.len() <= limit);
            assert_eq!(page.before.as_ref(), before.filter(|_| next.is_none()));
            assert_eq!(page.since, samples.first().map(|first| first.time));
            paged.extend(page.samples);
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        assert_eq!(paged, inside);
        let width = millis(ends.1 / 7 + 1);
        let now = to.min(self.clock.now().max(from));
        let expected = buckets(&samples, (from, to), width);
        // Nothing holds in what is still to come.
        let past = |bucket: &Bucket<Value>| bucket.start < now || bucket.count > 0;
        let expected: Vec<_> = expected.into_iter().filter(past).collect();
        let found = query.buckets(width).unwrap();
        assert_eq!(found.len(), expected.len(), "{found:#?} {expected:#?}");
        for (found, expected) in found.iter().zip(&expected) {
            let near = match (found.mean, expected.mean) {
                (Some(found), Some(expected)) => (found - expected).abs() < 1e-9,
                (found, expected) => found == expected,
            };
            assert!(near, "{found:?} {expected:?}");
            let mean = expected.mean;
            assert_eq!(
                Bucket {
                    mean,
                    ..found.clone()
                },
                *expected
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn the_history_is_what_the_policies_leave_of_all_values(
        steps in steps(),
        ends in (0..60_000_u64, 0..60_000_u64),
        limit in 1..9_usize,
    ) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
        world.check();
        world.advance(millis(120_000));
        for number in 0..ENTITIES {
            for field in FIELDS {
                world.check_ranges(entity(number), field, ends, limit);
            }
        }
        world.reopen(0);
        world.check();
        prop_assert!(world.history().damage().is_empty());
    }
}
