//! The later library: a flat map under numbers for types and fields, queues of notifications in
//! the same thread, filters in CEL, and a log of writes that its server drains.

use crate::work::{Can, ENTITIES, FOLDER, Subject, device, device_fields, system_fields};
use anyhow::Context;
use qlib_rs::{
    EntityId, EntitySchema, EntityType, Field, FieldSchema, FieldType, NotificationQueue,
    NotifyConfig, PageOpts, Single, Snapshot, StorageScope, Store, StoreTrait, Value, now,
    take_json_snapshot,
};
use std::time::{Duration, Instant};

/// The store, the numbers of its types and fields, and the ids of its devices.
pub(crate) struct Later {
    store: Store,
    fields: Fields,
    folders: Vec<EntityId>,
    devices: Vec<EntityId>,
    added: Vec<EntityId>,
    queues: Vec<NotificationQueue>,
}

/// The numbers of the types and fields.
#[derive(Clone, Copy)]
struct Fields {
    folder: EntityType,
    device: EntityType,
    name: FieldType,
    parent: FieldType,
    children: FieldType,
    count: FieldType,
    level: FieldType,
    temperature: FieldType,
    pressure: FieldType,
    tag: FieldType,
    serial: FieldType,
    active: FieldType,
    partner: FieldType,
}

fn field(name: &str, default: Value, rank: i64) -> FieldSchema<String> {
    // Of the other scope nothing gets into the JSON.
    let (field_type, storage_scope) = (name.to_owned(), StorageScope::Configuration);
    match default {
        Value::Bool(default_value) => FieldSchema::Bool {
            field_type,
            default_value,
            rank,
            storage_scope,
        },
        Value::Int(default_value) => FieldSchema::Int {
            field_type,
            default_value,
            rank,
            storage_scope,
        },
        Value::Float(default_value) => FieldSchema::Float {
            field_type,
            default_value,
            rank,
            storage_scope,
        },
        Value::String(default_value) => FieldSchema::String {
            field_type,
            default_value,
            rank,
            storage_scope,
        },
        Value::EntityList(default_value) => FieldSchema::EntityList {
            field_type,
            default_value,
            rank,
            storage_scope,
        },
        _ => FieldSchema::EntityReference {
            field_type,
            default_value: None,
            rank,
            storage_scope,
        },
    }
}

fn set_schema(store: &mut Store, name: &str, own: &[(&str, Value)]) -> anyhow::Result<EntityType> {
    let mut schema = EntitySchema::<Single, String, String>::new(name.to_owned(), vec![]);
    for (rank, (name, default)) in system_fields!(Value).iter().chain(own).enumerate() {
        schema.fields.insert(
            (*name).to_owned(),
            field(name, default.clone(), rank as i64),
        );
    }
    store.update_schema(schema)?;
    Ok(store.get_entity_type(name)?)
}

/// The values of the device at `index`, by field; the name and the place in the tree left out.
fn values(
    fields: &Fields,
    index: usize,
    entities: usize,
    partner: Option<EntityId>,
) -> [(FieldType, Value); 8] {
    let values = device(index, entities);
    [
        (fields.count, Value::Int(values.count)),
        (fields.level, Value::Int(values.level)),
        (fields.temperature, Value::Float(values.temperature)),
        (fields.pressure, Value::Float(values.pressure)),
        (fields.tag, Value::String(values.tag.into())),
        (fields.serial, Value::String(values.serial.into())),
        (fields.active, Value::Bool(values.active)),
        (fields.partner, Value::EntityReference(partner)),
    ]
}

impl Later {
    fn empty() -> anyhow::Result<Self> {
        let mut store = Store::new();
        set_schema(&mut store, "Root", &[])?;
        let folder = set_schema(&mut store, "Folder", &[])?;
        let device = set_schema(&mut store, "Device", &device_fields!(Value))?;
        let number = |name| store.get_field_type(name);
        let fields = Fields {
            folder,
            device,
            name: number("Name")?,
            parent: number("Parent")?,
            children: number("Children")?,
            count: number("Count")?,
            level: number("Level")?,
            temperature: number("Temperature")?,
            pressure: number("Pressure")?,
            tag: number("Tag")?,
            serial: number("Serial")?,
            active: number("Active")?,
            partner: number("Partner")?,
        };
        let root = store.get_entity_type("Root")?;
        let root = store.create_entity(root, None, "Root")?;
        Ok(Self {
            store,
            fields,
            folders: vec![root],
            devices: Vec::new(),
            added: Vec::new(),
            queues: Vec::new(),
        })
    }

    fn create_device(&mut self, index: usize, entities: usize) -> anyhow::Result<EntityId> {
        let folder = index / FOLDER + 1;
        if folder == self.folders.len() {
            let (root, name) = (self.folders.first().copied(), format!("f{folder}"));
            let made = self.store.create_entity(self.fields.folder, root, &name)?;
            self.folders.push(made);
        }
        let parent = self.folders.get(folder).copied();
        let name = device(index, entities).name;
        let id = self
            .store
            .create_entity(self.fields.device, parent, &name)?;
        let partner = self.devices.get(device(index, entities).partner).copied();
        for (field, value) in values(&self.fields, index, entities, partner) {
            self.store
                .write(id, &[field], value, None, None, None, None)?;
        }
        self.store.write_queue.clear();
        Ok(id)
    }

    fn id(&self, index: u32) -> anyhow::Result<EntityId> {
        self.devices
            .get(index as usize)
            .copied()
            .context("no such device")
    }

    fn sum(&mut self, order: &[u32], path: &[FieldType]) -> Can<i64> {
        let mut sum = 0;
        for &index in order {
            let (value, ..) = self.store.read(self.id(index)?, path)?;
            sum += value.as_int().context("no Int")?;
        }
        Ok(Some(sum))
    }

    fn write(&mut self, index: u32, value: i64) -> anyhow::Result<()> {
        let (id, value) = (self.id(index)?, Value::Int(value));
        self.store
            .write(id, &[self.fields.level], value, None, None, None, None)?;
        Ok(())
    }

    fn config(&self) -> NotifyConfig {
        NotifyConfig::EntityType {
            entity_type: self.fields.device,
            field_type: self.fields.level,
            trigger_on_change: false,
            context: Vec::new(),
        }
    }

    fn filter(&mut self, filter: &str) -> Can<usize> {
        let hits = self.store.find_entities(self.fields.device, Some(filter))?;
        Ok(Some(std::hint::black_box(hits).len()))
    }
}

impl Subject for Later {
    fn create(entities: usize, spent: &mut Duration) -> Can<Self> {
        if entities > ENTITIES {
            return Ok(None); // each create scans all fields: hours
        }
        let mut this = Self::empty()?;
        let start = Instant::now();
        for index in 0..entities {
            let id = this.create_device(index, entities)?;
            this.devices.push(id);
        }
        *spent += start.elapsed();
        for index in 0..entities {
            let partner = this.devices.get(device(index, entities).partner).copied();
            let (id, value) = (this.id(index as u32)?, Value::EntityReference(partner));
            this.store
                .write(id, &[this.fields.partner], value, None, None, None, None)?;
            this.store.write_queue.clear();
        }
        Ok(Some(this))
    }

    /// Creating 100,000 takes minutes, so the store is restored from a snapshot that was never
    /// taken.
    fn build(entities: usize) -> Can<Self> {
        let mut this = Self::empty()?;
        // One folder of 1,000 and its devices, to have everything that a snapshot holds.
        let first = entities.min(1);
        for index in 0..first {
            let id = this.create_device(index, entities)?;
            this.devices.push(id);
        }
        for folder in 2..=entities.div_ceil(FOLDER) {
            let (root, name) = (this.folders.first().copied(), format!("f{folder}"));
            let made = this.store.create_entity(this.fields.folder, root, &name)?;
            this.folders.push(made);
        }
        let mut snapshot: Snapshot = this.store.take_snapshot();
        let id = |index: usize| EntityId::new(this.fields.device, index as u32 + 1);
        for index in first..entities {
            let parent = this.folders.get(index / FOLDER + 1).copied();
            let system = [
                (
                    this.fields.name,
                    Value::String(device(index, entities).name.into()),
                ),
                (this.fields.parent, Value::EntityReference(parent)),
                (this.fields.children, Value::EntityList(Vec::new())),
            ];
            let partner = Some(id(device(index, entities).partner));
            let own = values(&this.fields, index, entities, partner);
            let all = system.into_iter().chain(own).map(|(field_type, value)| {
                (
                    field_type,
                    Field {
                        field_type,
                        value,
                        write_time: now(),
                        writer_id: None,
                    },
                )
            });
            snapshot.fields.insert(id(index), all.collect());
            snapshot
                .entities
                .entry(this.fields.device)
                .or_default()
                .push(id(index));
            this.devices.push(id(index));
            let children = parent.and_then(|parent| snapshot.fields.get_mut(&parent));
            let children = children.and_then(|fields| fields.get_mut(&this.fields.children));
            if let Some(Field {
                value: Value::EntityList(list),
                ..
            }) = children
            {
                list.push(id(index));
            }
        }
        this.store.restore_snapshot(snapshot);
        this.store.write_queue.clear();
        let partner =
            Value::EntityReference(this.devices.get(device(0, entities).partner).copied());
        this.store.write(
            id(0),
            &[this.fields.partner],
            partner,
            None,
            None,
            None,
            None,
        )?;
        Ok(Some(this))
    }

    fn read_int(&mut self, order: &[u32]) -> Can<i64> {
        self.sum(order, &[self.fields.count])
    }

    fn read_string(&mut self, order: &[u32]) -> Can<usize> {
        let mut length = 0;
        for (place, &index) in order.iter().enumerate() {
            let field = if place.is_multiple_of(2) {
                self.fields.tag
            } else {
                self.fields.serial
            };
            let (value, ..) = self.store.read(self.id(index)?, &[field])?;
            length += value.as_string().context("no String")?.len();
        }
        Ok(Some(length))
    }

    fn read_reference(&mut self, order: &[u32]) -> Can<i64> {
        self.sum(order, &[self.fields.partner, self.fields.count])
    }

    fn subscribe(&mut self, subscribers: usize) -> Can<()> {
        // What takes a queue away compares addresses of copies and never finds it, so that only a
        // new store has none.
        if !self.queues.is_empty() {
            let snapshot = self.store.take_snapshot();
            self.queues.clear();
            self.store = Store::new();
            self.store.restore_snapshot(snapshot);
        }
        for _ in 0..subscribers {
            let queue = NotificationQueue::new();
            self.store
                .register_notification(self.config(), queue.clone())?;
            self.queues.push(queue);
        }
        Ok(Some(()))
    }

    fn commit(&mut self, order: &[u32], value: i64) -> Can<u64> {
        for &index in order {
            self.write(index, value)?;
        }
        self.store.write_queue.clear();
        let mut deliveries = 0;
        for queue in &self.queues {
            while let Some(notification) = queue.pop() {
                deliveries += u64::from(notification.current.value.is_some());
            }
        }
        Ok(Some(deliveries))
    }

    fn commit_many(&mut self, order: &[u32], value: i64) -> Can<()> {
        self.commit(order, value)?;
        Ok(Some(()))
    }

    fn latency(&mut self, samples: usize) -> Can<Vec<Duration>> {
        self.subscribe(1)?;
        let queue = self.queues.first().cloned().context("no queue")?;
        let mut latencies = Vec::with_capacity(samples);
        for sample in 0..samples {
            let start = Instant::now();
            self.write((sample % 1_000) as u32, sample as i64)?;
            let notification = queue.pop();
            latencies.push(start.elapsed());
            notification.context("nothing in the queue")?;
            self.store.write_queue.clear();
        }
        self.subscribe(0)?;
        Ok(Some(latencies))
    }

    fn add(&mut self, leaves: usize) -> Can<()> {
        let first = self.devices.len();
        for index in first..first + leaves {
            let id = self.create_device(index, first)?;
            self.added.push(id);
        }
        Ok(Some(()))
    }

    fn delete(&mut self) -> Can<()> {
        for id in std::mem::take(&mut self.added) {
            self.store.delete_entity(id)?;
        }
        self.store.write_queue.clear();
        Ok(Some(()))
    }

    fn all_of_type(&mut self) -> Can<usize> {
        let ids = self.store.find_entities(self.fields.device, None)?;
        Ok(Some(std::hint::black_box(ids).len()))
    }

    fn filter_one(&mut self, count: i64) -> Can<usize> {
        self.filter(&format!("Count == {count}"))
    }

    fn filter_all(&mut self) -> Can<usize> {
        self.filter("Level >= 0")
    }

    fn snapshot(&mut self) -> Can<Duration> {
        let start = Instant::now();
        let snapshot = self.store.take_snapshot();
        let stopped = start.elapsed();
        drop(snapshot);
        Ok(Some(stopped))
    }

    fn restored(mut self) -> Can<Self> {
        let snapshot = self.store.take_snapshot();
        self.store = Store::new();
        self.store.restore_snapshot(snapshot);
        Ok(Some(self))
    }

    fn export(&mut self) -> Can<usize> {
        let snapshot = take_json_snapshot(&mut self.store)?;
        Ok(Some(serde_json::to_vec(&snapshot)?.len()))
    }
}
