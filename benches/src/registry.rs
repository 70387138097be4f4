//! The peer from the Rust registry: `qlib-rs` 0.1.1, a map of maps under string keys.
//!
//! It has no subscriptions and no filter. Its types must not inherit: looking up the schema of one
//! that does never returns, and each write looks it up.

use crate::work::{
    Can, Device, ENTITIES, FOLDER, Subject, device, device_fields, devices, system_fields,
};
use anyhow::{Context as _, anyhow, bail};
use qlib_rs::{
    Context, EntityId, EntitySchema, FieldSchema, FieldType, PageOpts, Request, Single, Snowflake,
    Store, Value, sread, swrite,
};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many requests are handed over in one call where the work allows it.
const BATCH: usize = 100;

/// The store and the ids of its devices.
pub(crate) struct Registry {
    store: Store,
    folders: Vec<EntityId>,
    devices: Vec<EntityId>,
    added: Vec<EntityId>,
}

/// Its errors are boxed without `Send`.
fn plain(error: Box<dyn std::error::Error>) -> anyhow::Error {
    anyhow!("{error}")
}

fn set_schema(store: &mut Store, name: &str, own: &[(&str, Value)]) -> anyhow::Result<()> {
    let mut schema = EntitySchema::<Single>::new(name, None);
    for (rank, (field, default)) in system_fields!(Value).iter().chain(own).enumerate() {
        let field_type = FieldType::from(*field);
        schema.fields.insert(
            field_type.clone(),
            FieldSchema {
                field_type,
                default_value: default.clone(),
                rank: rank as i64,
                read_permission: None,
                write_permission: None,
                choices: None,
            },
        );
    }
    store.set_entity_schema(&Context {}, &schema).map_err(plain)
}

impl Registry {
    fn empty() -> anyhow::Result<Self> {
        let mut store = Store::new(Arc::new(Snowflake::new()));
        set_schema(&mut store, "Folder", &[])?;
        set_schema(&mut store, "Device", &device_fields!(Value))?;
        let root = store
            .create_entity(&Context {}, &"Folder".into(), None, "Root")
            .map_err(plain)?;
        Ok(Self {
            store,
            folders: vec![root.entity_id],
            devices: Vec::new(),
            added: Vec::new(),
        })
    }

    /// Creates the device at `index` in its folder. A partner that does not exist yet is set by
    /// the caller.
    fn create_device(&mut self, index: usize, values: Device) -> anyhow::Result<EntityId> {
        let folder = index / FOLDER + 1;
        if folder == self.folders.len() {
            let root = self.folders.first().cloned();
            let made = self
                .store
                .create_entity(&Context {}, &"Folder".into(), root, &format!("f{folder}"))
                .map_err(plain)?;
            self.folders.push(made.entity_id);
        }
        let parent = self.folders.get(folder).cloned();
        let made = self
            .store
            .create_entity(&Context {}, &"Device".into(), parent, &values.name)
            .map_err(plain)?;
        let id = made.entity_id;
        let mut writes: Vec<Request> = [
            ("Count", Value::Int(values.count)),
            ("Level", Value::Int(values.level)),
            ("Temperature", Value::Float(values.temperature)),
            ("Pressure", Value::Float(values.pressure)),
            ("Tag", Value::String(values.tag.into())),
            ("Serial", Value::String(values.serial.into())),
            ("Active", Value::Bool(values.active)),
            (
                "Partner",
                Value::EntityReference(self.devices.get(values.partner).cloned()),
            ),
        ]
        .into_iter()
        .map(|(field, value)| swrite!(id.clone(), field.into(), Some(value)))
        .collect();
        self.store
            .perform(&Context {}, &mut writes)
            .map_err(plain)?;
        Ok(id)
    }

    fn id(&self, index: u32) -> anyhow::Result<EntityId> {
        self.devices
            .get(index as usize)
            .cloned()
            .context("no such device")
    }

    /// Reads `field(place)` of each device of `order` and hands on the values.
    fn read(
        &mut self,
        order: &[u32],
        batch: usize,
        field: impl Fn(usize) -> FieldType,
        mut each: impl FnMut(&Value) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut requests = Vec::with_capacity(batch);
        for (chunk, ids) in order.chunks(batch).enumerate() {
            requests.clear();
            for (place, &index) in ids.iter().enumerate() {
                requests.push(sread!(self.id(index)?, field(chunk * batch + place)));
            }
            self.store
                .perform(&Context {}, &mut requests)
                .map_err(plain)?;
            for request in &requests {
                match request {
                    Request::Read {
                        value: Some(value), ..
                    } => each(value)?,
                    _ => bail!("a read without a value"),
                }
            }
        }
        Ok(())
    }

    fn sum(&mut self, order: &[u32], batch: usize, field: &str) -> Can<i64> {
        let mut sum = 0;
        let field = FieldType::from(field);
        self.read(
            order,
            batch,
            |_| field.clone(),
            |value| {
                sum += value.as_int().context("no Int")?;
                Ok(())
            },
        )?;
        Ok(Some(sum))
    }

    fn write(&mut self, order: &[u32], batch: usize, value: i64) -> anyhow::Result<()> {
        let level = FieldType::from("Level");
        let mut requests = Vec::with_capacity(batch);
        for ids in order.chunks(batch) {
            requests.clear();
            for &index in ids {
                requests.push(swrite!(
                    self.id(index)?,
                    level.clone(),
                    Some(Value::Int(value))
                ));
            }
            self.store
                .perform(&Context {}, &mut requests)
                .map_err(plain)?;
        }
        Ok(())
    }
}

impl Subject for Registry {
    fn create(entities: usize, spent: &mut Duration) -> Can<Self> {
        if entities > ENTITIES {
            return Ok(None); // several GB
        }
        let mut this = Self::empty()?;
        for devices in devices(entities) {
            let start = Instant::now();
            for (index, values) in devices {
                let id = this.create_device(index, values)?;
                this.devices.push(id);
            }
            *spent += start.elapsed();
        }
        for index in 0..entities {
            let partner = this.devices.get(device(index, entities).partner).cloned();
            let mut write = vec![swrite!(
                this.id(index as u32)?,
                "Partner".into(),
                Some(Value::EntityReference(partner))
            )];
            this.store.perform(&Context {}, &mut write).map_err(plain)?;
        }
        Ok(Some(this))
    }

    fn read_int(&mut self, order: &[u32]) -> Can<i64> {
        self.sum(order, BATCH, "Count")
    }

    fn get_int(&mut self, order: &[u32]) -> Can<i64> {
        self.sum(order, 1, "Count")
    }

    fn read_string(&mut self, order: &[u32]) -> Can<usize> {
        let fields = [FieldType::from("Tag"), FieldType::from("Serial")];
        let mut length = 0;
        let [tag, serial] = &fields;
        let field = |place: usize| {
            if place.is_multiple_of(2) {
                tag.clone()
            } else {
                serial.clone()
            }
        };
        self.read(order, BATCH, field, |value| {
            length += value.as_string().context("no String")?.len();
            Ok(())
        })?;
        Ok(Some(length))
    }

    fn read_reference(&mut self, order: &[u32]) -> Can<i64> {
        self.sum(order, BATCH, "Partner->Count")
    }

    fn subscribe(&mut self, subscribers: usize) -> Can<()> {
        Ok((subscribers == 0).then_some(()))
    }

    fn commit(&mut self, order: &[u32], value: i64) -> Can<u64> {
        self.write(order, 1, value)?;
        Ok(Some(0))
    }

    fn commit_many(&mut self, order: &[u32], value: i64) -> Can<()> {
        self.write(order, BATCH, value)?;
        Ok(Some(()))
    }

    fn add(&mut self, leaves: usize) -> Can<()> {
        let first = self.devices.len();
        for index in first..first + leaves {
            let id = self.create_device(index, device(index, first))?;
            self.added.push(id);
        }
        Ok(Some(()))
    }

    fn delete(&mut self) -> Can<()> {
        for id in std::mem::take(&mut self.added) {
            self.store.delete_entity(&Context {}, &id).map_err(plain)?;
        }
        Ok(Some(()))
    }

    fn all_of_type(&mut self) -> Can<usize> {
        let all = PageOpts::new(usize::MAX, None);
        let page = self
            .store
            .find_entities(&Context {}, &"Device".into(), Some(all));
        Ok(Some(std::hint::black_box(page.map_err(plain)?.items).len()))
    }

    fn snapshot(&mut self) -> Can<Duration> {
        let start = Instant::now();
        let snapshot = self.store.take_snapshot(&Context {});
        let stopped = start.elapsed();
        drop(snapshot);
        Ok(Some(stopped))
    }

    fn restored(mut self) -> Can<Self> {
        let snapshot = self.store.take_snapshot(&Context {});
        self.store = Store::new(Arc::new(Snowflake::new()));
        self.store.restore_snapshot(&Context {}, snapshot);
        Ok(Some(self))
    }
}
