//! Every attribute of an event, on a method and on a function, with every key.
#![deny(warnings)]
#![forbid(unsafe_code)]

use qlib::prelude::*;

#[derive(Choice, Clone, Copy, PartialEq, Debug, Default)]
enum Power {
    #[default]
    Off,
    #[choice(rename = "Running")]
    On,
}

#[derive(Entity, Debug)]
#[entity(unlocked)]
struct Room {
    #[field(unique, max_length = 64, configuration)]
    code: String,
    #[field(on_delete = "cascade")]
    building: Ref<Building>,
}

#[derive(Entity, Debug)]
struct Building {
    #[field(default = "unknown", rank = 10)]
    city: String,
}

fn plausible(degrees: &f64) -> std::result::Result<(), &'static str> {
    if *degrees < 1000.0 {
        Ok(())
    } else {
        Err("nothing is that hot")
    }
}

fn short(text: &str) -> std::result::Result<(), String> {
    if text.len() < 100 {
        Ok(())
    } else {
        Err("too long".into())
    }
}

#[derive(Entity, Debug)]
struct Device {
    #[field(default)]
    status: Power,
    #[field(range(-40.0..), unit = "°C", validate = plausible, index)]
    temperature: f64,
    #[field(validate = short, pattern = "[a-z]*")]
    note: Option<String>,
    #[field(access(read = "guest"), history(keep = "1.5d", min_interval = "1s"))]
    enabled: bool,
    #[field(history(keep = "30d", deadband = 0.5))]
    level: Option<i64>,
    picture: Option<Vec<u8>>,
    last_seen: Option<Timestamp>,
    script: Option<Script>,
    #[field(on_delete = "unset")]
    room: Option<Ref<Room>>,
    others: Option<Vec<Ref<Device>>>,
    #[field(rename = "Kind")]
    r#type: i64,
}

#[derive(Default)]
struct Monitor {
    seen: u64,
    overheated: Signal<f64>,
}

#[worker]
impl Monitor {
    const MOST: u64 = 1_000;

    #[init]
    async fn init(&mut self, cx: &mut Cx) -> Result<()> {
        let _ = (cx, Self::MOST);
        Ok(())
    }

    #[deinit]
    async fn deinit(&mut self) -> Result<()> {
        Ok(())
    }

    #[every("100ms")]
    async fn tick(&mut self) -> Result<()> {
        self.count();
        Ok(())
    }

    #[every(tick, leader, limit = "1.5s")]
    async fn fast(&mut self, _cx: &mut Cx, leadership: &Leadership) -> Result<()> {
        let _ = leadership.token();
        Ok(())
    }

    #[on_change(
        Device.Temperature,
        context(room = Device.Room -> Room.Code, city = Device.Room -> Room.Building -> Building.City),
        when(current > 80.0 && previous.is_none_or(|previous| previous <= 80.0) && room.is_some()),
        initial, latest, own, keyed, leader, after_durable,
        min_interval = "100ms", deadband = 0.5,
        retry(times = 3, first = "10ms", max = "1s"), limit = "10s",
    )]
    async fn hot(
        &mut self,
        leadership: &Leadership,
        cx: &mut Cx,
        city: Option<String>,
        change: Change<Device, f64>,
        _room: Option<String>,
    ) -> Result<()> {
        let _ = (leadership, cx, city, change.current());
        Ok(())
    }

    #[on_change(Device.Note, writes, when(current.is_some_and(|note| note.len() > 1)))]
    async fn noted(&mut self, change: Change<Device, Option<String>>) -> Result<()> {
        let _ = change.previous();
        Ok(())
    }

    #[on_change(Device.Type, when(format!("{current}") == "1"))]
    #[cfg(any())]
    async fn never(&mut self) -> Result<()> {
        absent
    }

    #[on_change(Device.Kind)]
    async fn kind(&self, change: Change<Device, i64>) -> std::result::Result<(), std::fmt::Error> {
        let _ = change.id();
        Ok(())
    }

    #[on_create(Device, own, keyed, after_durable, retry(times = 1), limit = "1m")]
    async fn created(&mut self, created: Created<Device>) -> Result<()> {
        let _ = created;
        Ok(())
    }

    #[on_delete(Device)]
    async fn deleted(&mut self, deleted: Deleted<Device>, _cx: &mut Cx) -> Result<()> {
        let _ = deleted;
        Ok(())
    }

    #[on_move(Device)]
    async fn moved(&mut self, moved: Moved<Device>) -> Result<()> {
        let _ = moved;
        Ok(())
    }

    #[on_schema]
    async fn schema(&mut self, changed: SchemaChanged) -> Result<()> {
        let _ = changed;
        Ok(())
    }

    #[on_signal(Monitor.overheated)]
    async fn overheated(&mut self, degrees: f64) -> Result<()> {
        let _ = (degrees, &self.overheated);
        Ok(())
    }

    #[on_signal(App.Connected)]
    async fn connected(&mut self) -> Result<()> {
        Ok(())
    }

    #[on_leader]
    async fn lead(&mut self, leadership: &Leadership) -> Result<()> {
        let _ = leadership;
        Ok(())
    }

    #[on_follower]
    async fn follow(&mut self) -> Result<()> {
        Ok(())
    }

    #[on_losing_leadership]
    async fn lose(&mut self, _cx: &mut Cx) -> Result<()> {
        Ok(())
    }

    #[on_resync]
    async fn resync(&mut self) -> Result<()> {
        Ok(())
    }

    #[on_lagged]
    async fn lagged(&mut self, lagged: Lagged) -> Result<()> {
        let _ = lagged;
        Ok(())
    }

    fn count(&mut self) {
        self.seen += 1;
    }
}

struct Configured {
    limit: u64,
}

#[worker(leader, after = Monitor, name = "The configured one")]
impl Configured {
    fn new(limit: u64) -> Self {
        Self { limit }
    }

    #[on_create(Room)]
    async fn room(&mut self, leadership: &Leadership) -> Result<()> {
        let _ = (leadership, self.limit);
        Ok(())
    }
}

struct Made;

#[worker(after = Monitor, after = Configured, after = alarms::overheating)]
impl Made {
    fn new() -> Self {
        Self
    }

    #[qlib::every("1h")]
    async fn tick(&self) -> Result<()> {
        Ok(())
    }
}

mod alarms {
    use super::*;

    #[on_change(Device.Temperature, when(current > 80.0), leader)]
    pub(crate) async fn overheating(
        change: Change<Device, f64>,
        leadership: &Leadership,
    ) -> Result<()> {
        let _ = (change, leadership);
        Ok(())
    }

    #[every("2m")]
    async fn clock() -> Result<()> {
        Ok(())
    }

    #[on_create(Device)]
    async fn created() -> Result<()> {
        Ok(())
    }

    #[on_delete(Device)]
    async fn deleted(_: Deleted<Device>) -> Result<()> {
        Ok(())
    }

    #[on_move(Device)]
    async fn moved() -> Result<()> {
        Ok(())
    }

    #[on_schema]
    async fn schema() -> Result<()> {
        Ok(())
    }

    #[on_signal(Monitor.overheated)]
    async fn signal(degrees: f64, cx: &mut Cx) -> Result<()> {
        let _ = (degrees, cx);
        Ok(())
    }

    #[on_leader]
    async fn lead() -> Result<()> {
        Ok(())
    }

    #[on_follower]
    async fn follow() -> Result<()> {
        Ok(())
    }

    #[on_losing_leadership]
    async fn lose() -> Result<()> {
        Ok(())
    }

    #[on_resync]
    async fn resync() -> Result<()> {
        Ok(())
    }

    #[on_lagged]
    async fn lagged() -> Result<()> {
        Ok(())
    }
}

qlib::main!(
    "everything",
    setup = |app| {
        app.worker(Configured::new(1));
    }
);
