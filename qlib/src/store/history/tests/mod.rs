//! The history beside naive lists of samples.

#![allow(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

mod answers;
mod bounds;
mod buckets;
mod damage;
mod disk;
mod model;
mod random;
mod recovery;
mod store;

use std::sync::Arc;
use std::time::Duration;

use smallvec::smallvec;

use super::{Feeder, History, HistoryLimits, HistoryQuery};
use crate::model::{
    Applied, Clock, Create, EntityId, FieldId, FieldSchema, HistoryPolicy, Kind, LogError, Op,
    Quality, Result, Schema, Timestamp, Value, Write, WriteMode,
};
use crate::store::{Store, WindowLimits};
use crate::tree::Tree;
use disk::MemoryDisk;
use model::Model;

const START: Timestamp = Timestamp::from_nanos(1_767_268_800_000_000_000);
/// The fields of a `Boiler`, which differ in how they thin.
const FIELDS: [&str; 3] = ["Pressure", "Stokes", "State"];

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn policy(field: &str) -> HistoryPolicy {
    let keep = Duration::from_secs(3_600);
    let (min_interval, deadband) = match field {
        "Pressure" => (Some(millis(1_000)), Some(0.5)),
        "Stokes" => (Some(millis(1_000)), None),
        _ => (None, None),
    };
    HistoryPolicy {
        keep,
        min_interval,
        deadband,
    }
}

fn boiler() -> Schema {
    let kinds = [Kind::Float, Kind::Int, Kind::String];
    let boiler = Schema::new("Boiler").field("Note", Kind::String);
    FIELDS
        .iter()
        .zip(kinds)
        .fold(boiler, |schema, (name, kind)| {
            schema.field(*name, FieldSchema::new(kind).history(policy(name)))
        })
}

fn entity(number: u128) -> EntityId {
    EntityId::from_u128(1 << 100 | number)
}

/// A store with a history on a disk, all its commits, and what the history must say.
struct World {
    store: Store,
    clock: Clock,
    disk: MemoryDisk,
    limits: HistoryLimits,
    log: Vec<(Applied, Tree)>,
    model: Model,
}

impl World {
    fn new() -> Self {
        Self::with(HistoryLimits::default(), boiler())
    }

    fn with(limits: HistoryLimits, schema: Schema) -> Self {
        let clock = Clock::driven(START);
        let store = Store::memory_with(clock.clone(), WindowLimits::default()).unwrap();
        let disk = MemoryDisk::default();
        let feeder = History::open(Arc::new(disk.clone()), limits).unwrap();
        store.shared().change(|core| core.feeder = feeder).unwrap();
        let mut world = Self {
            store,
            clock,
            disk,
            limits,
            log: Vec::new(),
            model: Model::default(),
        };
        world.commit(Op::SetSchema(Box::new(schema)));
        world
    }

    /// The same with a history that ends with the process.
    fn in_memory(limits: HistoryLimits) -> Self {
        let world = Self::with(limits, boiler());
        let mut feeder = Feeder::in_memory(limits);
        feeder.replayed(world.store.view().tree());
        world
            .store
            .shared()
            .change(|core| core.feeder = feeder)
            .unwrap();
        world
    }

    fn commit(&mut self, op: Op) {
        let receipt = self
            .store
            .submit_checked(smallvec![op], Vec::new())
            .unwrap();
        let core = self.store.shared().read();
        let applied = core.window.get(receipt.revision).unwrap();
        self.model.apply(applied, &core.tree);
        let copy = Applied {
            author: Arc::clone(&applied.author),
            effects: applied.effects.clone(),
            ..*applied
        };
        self.log.push((copy, core.tree.clone()));
    }

    fn field(&self, name: &str) -> FieldId {
        let view = self.store.view();
        let boiler = view.tree().type_id("Boiler").unwrap();
        view.tree().field_id(boiler, name).unwrap()
    }

    fn create(&mut self, id: EntityId, values: &[(&str, Value)]) {
        let field = |(name, value): &(&str, Value)| (self.field(name), value.clone());
        let view = self.store.view();
        let create = Create {
            id,
            entity_type: view.tree().type_id("Boiler").unwrap(),
            parent: EntityId::ROOT,
            name: id.to_string().into(),
            values: values.iter().map(field).collect(),
        };
        drop(view);
        self.commit(Op::Create(Box::new(create)));
    }

    fn write(&mut self, id: EntityId, field: &str, value: Option<Value>) {
        self.write_as(id, field, value, Quality::Good);
    }

    fn write_as(&mut self, id: EntityId, field: &str, value: Option<Value>, quality: Quality) {
        let write = Write {
            id,
            field: self.field(field),
            value,
            mode: WriteMode::Always,
            quality,
        };
        self.commit(Op::Write(write));
    }

    fn advance(&self, time: Duration) {
        self.clock.set(self.clock.now() + time);
    }

    fn history(&self) -> Arc<History> {
        Arc::clone(self.store.shared().read().feeder.history())
    }

    fn flush(&self) -> Result<bool, LogError> {
        self.history().flush(self.clock.now(), |_| true)
    }

    /// Opens what is on the disk after a crash, and feeds it from a part of the log that it does
    /// not need any more on.
    fn reopen(&mut self, before: u64) {
        self.disk = self.disk.crashed();
        self.restart(before);
    }

    /// The same after the process ended, whose writes the machine still has.
    fn restart(&mut self, before: u64) {
        self.disk.fail_after(None);
        let mut feeder = History::open(Arc::new(self.disk.clone()), self.limits).unwrap();
        let from = feeder.history().position().saturating_sub(before);
        for (applied, tree) in &self.log {
            if applied.revision > from {
                feeder.feed(applied, tree);
            }
        }
        feeder.replayed(self.store.view().tree());
        self.store
            .shared()
            .change(|core| core.feeder = feeder)
            .unwrap();
    }

    fn query(&self, id: EntityId, field: &str) -> HistoryQuery<Value> {
        self.store.history_named(id, field, ..).unwrap()
    }

    /// All samples as `time:value`, in seconds since the start.
    fn say(&self, id: EntityId, field: &str) -> String {
        let samples = self.query(id, field).all().unwrap().samples;
        let words = samples.iter().map(|sample| {
            let value = sample.value.as_ref();
            let value = value.map_or("-".to_owned(), ToString::to_string);
            format!("{}:{value}", sample.time.since(START).as_secs_f64())
        });
        words.collect::<Vec<_>>().join(" ")
    }

    /// Every series is what the model says.
    fn check(&self) {
        for number in 0..model::ENTITIES {
            for field in FIELDS {
                let expected = self.model.samples(entity(number), field);
                match self.store.history_named(entity(number), field, ..) {
                    Ok(query) => {
                        assert_eq!(query.all().unwrap().samples, expected, "{number} {field}")
                    }
                    Err(error) => assert!(expected.is_empty(), "{error}"),
                }
            }
        }
    }
}
