//! Ours: the store with its derives, as an application uses it.

use crate::work::{Can, Device as Values, FOLDER, Subject, device, devices};
use anyhow::Context as _;
use qlib::prelude::*;
use qlib::{Bound, Clock, Registry, RunningApp, Subscription, WindowLimits};
use std::cell::{Cell, RefCell};
use std::hint::black_box;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::task::LocalSet;

/// How many writes go into one commit where the work allows it.
const BATCH: usize = 100;

/// What devices stand in.
#[derive(Entity)]
struct Folder {}

/// A device of the shape.
#[derive(Entity)]
pub(crate) struct Device {
    count: i64,
    pub(crate) level: i64,
    temperature: f64,
    pressure: f64,
    pub(crate) tag: String,
    serial: String,
    active: bool,
    partner: Option<Ref<Device>>,
}

/// Writes functions that are handlers, and the one that enters them all.
macro_rules! handlers {
    ($($name:ident)*) => {
        $(
            #[on_change(Device.Level)]
            async fn $name(change: Change<Device, i64>) -> Result<()> {
                black_box(change.current());
                STARTED.set(STARTED.get() + 1);
                Ok(())
            }
        )*

        fn enter_handlers(registry: &mut Registry) {
            $(registry.worker::<$name>();)*
        }
    };
}

handlers! {
    h00 h01 h02 h03 h04 h05 h06 h07 h08 h09 h10 h11 h12 h13 h14 h15 h16 h17 h18 h19
    h20 h21 h22 h23 h24 h25 h26 h27 h28 h29 h30 h31 h32 h33 h34 h35 h36 h37 h38 h39
    h40 h41 h42 h43 h44 h45 h46 h47 h48 h49 h50 h51 h52 h53 h54 h55 h56 h57 h58 h59
    h60 h61 h62 h63 h64 h65 h66 h67 h68 h69 h70 h71 h72 h73 h74 h75 h76 h77 h78 h79
    h80 h81 h82 h83 h84 h85 h86 h87 h88 h89 h90 h91 h92 h93 h94 h95 h96 h97 h98 h99
}

thread_local! {
    /// How many of the handlers above were started.
    static STARTED: Cell<u64> = const { Cell::new(0) };
    /// When `arrived` was started last, and who waits for that.
    static ARRIVED: RefCell<Option<(Instant, Rc<Notify>)>> = const { RefCell::new(None) };
}

#[on_change(Device.Level)]
async fn arrived(change: Change<Device, i64>) -> Result<()> {
    black_box(change.current());
    ARRIVED.with_borrow_mut(|arrived| {
        if let Some((at, waits)) = arrived {
            *at = Instant::now();
            waits.notify_one();
        }
    });
    Ok(())
}

/// The store, the ids of its devices, and what was bound to them.
pub(crate) struct Ours {
    store: Store,
    folders: Vec<EntityId>,
    devices: Vec<Ref<Device>>,
    added: Vec<Ref<Device>>,
    counts: Vec<Bound<Device, i64>>,
    strings: Vec<Bound<Device, String>>,
    partners: Vec<Bound<Device, Option<Ref<Device>>>>,
    levels: Vec<<Device as qlib::BoundEntity>::Bound>,
    subscriptions: Vec<Subscription>,
    application: Option<Application>,
    /// The value that handlers were given last.
    value: i64,
}

/// An application with the runtime that it runs on.
struct Application {
    runtime: tokio::runtime::Runtime,
    local: LocalSet,
    running: RunningApp,
}

impl Application {
    fn start(store: &Store, enter: impl FnOnce(&mut Registry)) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let local = LocalSet::new();
        let app = App::builder("bench").store(store.clone());
        let app = app.entity::<Folder>().entity::<Device>().register(enter);
        let running = local.block_on(&runtime, app.start())?;
        Ok(Self {
            runtime,
            local,
            running,
        })
    }

    fn stop(self) {
        self.local.block_on(&self.runtime, self.running.stop());
    }
}

/// The value of a commit that is not awaited: in memory its outcome is known at once.
fn accepted<T>(commit: qlib::CommitFuture<T>) -> Result<T> {
    let mut commit = std::pin::pin!(commit);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match Future::poll(commit.as_mut(), &mut context) {
        std::task::Poll::Ready(outcome) => outcome,
        std::task::Poll::Pending => Err(Error::other("a commit in memory waits")),
    }
}

impl Ours {
    fn create_in(store: Store, entities: usize, spent: &mut Duration) -> Can<Self> {
        accepted(store.set_schema(Folder::schema()))?;
        accepted(store.set_schema(Device::schema()))?;
        let mut this = Self::of(store);
        // Devices refer to such as come after them: those get another partner first.
        let mut late = Vec::new();
        for devices in devices(entities) {
            let start = Instant::now();
            for (index, values) in &devices {
                let id = this.create_device(*index, values)?;
                this.devices.push(id);
                if values.partner >= *index {
                    late.push((id, values.partner));
                }
            }
            *spent += start.elapsed();
        }
        for late in late.chunks(BATCH) {
            accepted(this.store.transaction(|tx| {
                for &(id, partner) in late {
                    tx.set(
                        id,
                        Device::FIELDS.Partner,
                        this.devices.get(partner).copied(),
                    )?;
                }
                Ok(())
            }))?;
        }
        Ok(Some(this))
    }

    /// Makes devices in a store that does not wait, and closes it.
    pub(crate) fn devices_in(store: Store, entities: usize) -> anyhow::Result<Vec<Ref<Device>>> {
        let made =
            Self::create_in(store, entities, &mut Duration::default())?.context("no devices")?;
        made.store.close()?;
        Ok(made.devices)
    }

    fn of(store: Store) -> Self {
        Self {
            store,
            folders: Vec::new(),
            devices: Vec::new(),
            added: Vec::new(),
            counts: Vec::new(),
            strings: Vec::new(),
            partners: Vec::new(),
            levels: Vec::new(),
            subscriptions: Vec::new(),
            application: None,
            value: 1 << 40,
        }
    }

    fn create_device(&mut self, index: usize, values: &Values) -> anyhow::Result<Ref<Device>> {
        let folder = index / FOLDER;
        if folder == self.folders.len() {
            let made = self.store.transaction(|tx| {
                tx.create(EntityId::ROOT, format!("f{folder}"), Folder::builder())
            });
            self.folders.push(accepted(made)?.id());
        }
        let parent = *self.folders.get(folder).context("no such folder")?;
        let partner = self.devices.get(values.partner).or(self.devices.first());
        let builder = || {
            let builder = Device::builder()
                .count(values.count)
                .level(values.level)
                .temperature(values.temperature)
                .pressure(values.pressure)
                .tag(values.tag.as_str())
                .serial(values.serial.as_str())
                .active(values.active);
            match partner {
                Some(partner) => builder.partner(*partner),
                None => builder,
            }
        };
        let made = self
            .store
            .transaction(|tx| tx.create(parent, values.name.as_str(), builder()));
        Ok(accepted(made)?)
    }

    fn id(&self, index: u32) -> anyhow::Result<Ref<Device>> {
        self.devices
            .get(index as usize)
            .copied()
            .context("no such device")
    }

    /// Binds a field of all devices, unless that was done.
    fn bind<T: qlib::FieldType>(
        store: &Store,
        devices: &[Ref<Device>],
        bound: &mut Vec<Bound<Device, T>>,
        field: impl Fn(usize) -> qlib::Field<Device, T>,
    ) -> Result<()> {
        if bound.is_empty() {
            let view = store.view();
            for (index, id) in devices.iter().enumerate() {
                bound.push(view.bind(id, field(index))?);
            }
        }
        Ok(())
    }
}

impl Subject for Ours {
    fn create(entities: usize, spent: &mut Duration) -> Can<Self> {
        Self::create_in(Store::memory()?, entities, spent)
    }

    fn create_lean(entities: usize) -> Can<Self> {
        let window = WindowLimits {
            bytes: 0,
            commits: 1,
        };
        Self::create_in(
            Store::memory_with(Clock::SYSTEM, window)?,
            entities,
            &mut Duration::default(),
        )
    }

    fn read_int(&mut self, order: &[u32]) -> Can<i64> {
        Self::bind(&self.store, &self.devices, &mut self.counts, |_| {
            Device::FIELDS.Count
        })?;
        let view = self.store.view();
        let mut sum = 0;
        for &index in order {
            let bound = self.counts.get(index as usize).context("no such device")?;
            sum += view.read_bound(bound)?;
        }
        Ok(Some(sum))
    }

    fn get_int(&mut self, order: &[u32]) -> Can<i64> {
        let mut sum = 0;
        for &index in order {
            sum += self.store.read(self.id(index)?, Device::FIELDS.Count)?;
        }
        Ok(Some(sum))
    }

    fn read_string(&mut self, order: &[u32]) -> Can<usize> {
        // All are read in order: those at even places are those of even numbers.
        Self::bind(&self.store, &self.devices, &mut self.strings, |index| {
            if index.is_multiple_of(2) {
                Device::FIELDS.Tag
            } else {
                Device::FIELDS.Serial
            }
        })?;
        let view = self.store.view();
        let mut length = 0;
        for &index in order {
            let bound = self.strings.get(index as usize).context("no such device")?;
            length += view.read_bound(bound)?.len();
        }
        Ok(Some(length))
    }

    fn read_reference(&mut self, order: &[u32]) -> Can<i64> {
        Self::bind(&self.store, &self.devices, &mut self.partners, |_| {
            Device::FIELDS.Partner
        })?;
        let view = self.store.view();
        let mut sum = 0;
        for &index in order {
            let bound = self
                .partners
                .get(index as usize)
                .context("no such device")?;
            let partner = view.read_bound(bound)?.context("no partner")?;
            sum += view.read(partner, Device::FIELDS.Count)?;
        }
        Ok(Some(sum))
    }

    fn subscribe(&mut self, subscribers: usize) -> Can<()> {
        if let Some(application) = self.application.take() {
            application.stop();
        }
        self.subscriptions.clear();
        for _ in 0..subscribers {
            let level = self.store.subscribe_named(Device::TYPE, "Level");
            self.subscriptions.push(level.writes().start()?);
        }
        Ok(Some(()))
    }

    fn commit(&mut self, order: &[u32], value: i64) -> Can<u64> {
        if self.levels.is_empty() {
            for id in &self.devices {
                self.levels.push(self.store.entity::<Device>(id)?);
            }
        }
        for &index in order {
            let bound = self.levels.get_mut(index as usize);
            let bound = bound.context("no such device")?;
            accepted(bound.set_level(value).commit())?;
        }
        let mut deliveries = 0;
        for subscription in &mut self.subscriptions {
            subscription.read_ready(|_, effect| {
                black_box(effect);
                deliveries += 1;
            });
        }
        Ok(Some(deliveries))
    }

    fn commit_many(&mut self, order: &[u32], value: i64) -> Can<()> {
        for order in order.chunks(BATCH) {
            let committed = self.store.transaction(|tx| {
                for &index in order {
                    if let Some(id) = self.devices.get(index as usize) {
                        tx.set(id, Device::FIELDS.Level, value)?;
                    }
                }
                Ok(())
            });
            accepted(committed)?;
        }
        Ok(Some(()))
    }

    fn start_handlers(&mut self, commits: usize) -> Can<u64> {
        self.subscriptions.clear();
        let application = match &mut self.application {
            Some(application) => application,
            none => none.insert(Application::start(&self.store, enter_handlers)?),
        };
        STARTED.set(0);
        for index in 0..commits {
            self.value += 1;
            let id = self.devices.get(index).context("no such device")?;
            let mut device = self.store.entity::<Device>(id)?;
            accepted(device.set_level(self.value).commit())?;
        }
        application.local.block_on(&application.runtime, async {
            let all = commits as u64 * 100;
            while STARTED.get() < all {
                tokio::task::yield_now().await;
            }
        });
        Ok(Some(STARTED.get()))
    }

    fn latency(&mut self, samples: usize) -> Can<Vec<Duration>> {
        let application = Application::start(&self.store, |registry| {
            registry.worker::<arrived>();
        })?;
        let waits = Rc::new(Notify::new());
        ARRIVED.set(Some((Instant::now(), Rc::clone(&waits))));
        let latencies = application.local.block_on(&application.runtime, async {
            let mut latencies = Vec::with_capacity(samples);
            for sample in 0..samples {
                self.value += 1;
                let id = self.devices.get(sample % 1_000).context("no such device")?;
                let mut device = self.store.entity::<Device>(id)?;
                let start = Instant::now();
                device.set_level(self.value).commit().await?;
                waits.notified().await;
                let arrived = ARRIVED.with_borrow(|arrived| arrived.as_ref().map(|(at, _)| *at));
                latencies.push(arrived.context("nobody waits")?.duration_since(start));
            }
            anyhow::Ok(latencies)
        });
        ARRIVED.set(None);
        application.stop();
        latencies.map(Some)
    }

    fn add(&mut self, leaves: usize) -> Can<()> {
        let first = self.devices.len();
        for index in first..first + leaves {
            let id = self.create_device(index, &device(index, first))?;
            self.added.push(id);
        }
        Ok(Some(()))
    }

    fn delete(&mut self) -> Can<()> {
        for id in std::mem::take(&mut self.added) {
            accepted(self.store.transaction(|tx| {
                tx.delete(id);
                Ok(())
            }))?;
        }
        Ok(Some(()))
    }

    fn all_of_type(&mut self) -> Can<usize> {
        Ok(Some(black_box(self.store.select::<Device>().ids()?).len()))
    }

    fn filter_one(&mut self, count: i64) -> Can<usize> {
        let select = self.store.select::<Device>();
        let select = select.filter(Device::FIELDS.Count.eq(count));
        Ok(Some(black_box(select.ids()?).len()))
    }

    fn filter_one_indexed(&mut self, serial: &str) -> Can<usize> {
        // No other row has an index that the peers lack.
        let mut schema = Device::schema();
        for field in &mut schema.fields {
            field.index = field.name == "Serial";
        }
        if self.store.schema(Device::TYPE)? != schema {
            accepted(self.store.set_schema(schema))?;
        }
        let select = self.store.select::<Device>();
        let select = select.filter(Device::FIELDS.Serial.eq(serial));
        Ok(Some(black_box(select.ids()?).len()))
    }

    fn filter_all(&mut self) -> Can<usize> {
        let select = self.store.select::<Device>();
        let select = select.filter(Device::FIELDS.Level.ge(0));
        Ok(Some(black_box(select.ids()?).len()))
    }

    fn snapshot(&mut self) -> Can<Duration> {
        let start = Instant::now();
        let snapshot = self.store.create_snapshot();
        let stopped = start.elapsed();
        drop(snapshot);
        Ok(Some(stopped))
    }

    fn export(&mut self) -> Can<usize> {
        let mut text = Vec::new();
        self.store.export(EntityId::ROOT, &mut text)?;
        Ok(Some(black_box(text).len()))
    }

    fn restored(self) -> Can<Self> {
        let window = WindowLimits {
            bytes: 0,
            commits: 1,
        };
        let Self { store, devices, .. } = self;
        let image = store.create_snapshot().image();
        drop(store);
        let store = Store::memory_with(Clock::SYSTEM, window)?;
        accepted(store.restore_image(image))?;
        Ok(Some(Self {
            devices,
            ..Self::of(store)
        }))
    }

    /// The window of a lean store holds the last commit only: a small one.
    fn forget(&mut self) {
        drop(self.store.transaction(|tx| {
            let first = self.devices.first().copied();
            first.map_or(Ok(()), |device| tx.set(device, Device::FIELDS.Level, 1))
        }));
    }
}
