//! The program of the design, word for word.
#![allow(missing_docs)]
use qlib::prelude::*;

#[derive(Choice, Clone, Copy, PartialEq, Debug)]
pub enum Power { Off, On }

#[derive(Entity, Debug)]
pub struct Room {}

/// A switchable light in a room.
#[derive(Entity, Debug)]
pub struct Device {
    pub status: Power,
    #[field(index)]
    pub location: String,
    #[field(range(-40.0..=125.0), unit = "°C")]
    pub temperature: f64,
    pub last_seen: Timestamp,
    pub room: Option<Ref<Room>>,
}

#[derive(Default)]
struct Monitor { seen: u64 }

#[worker]
impl Monitor {
    #[init]
    async fn init(&mut self) -> Result<()> { Ok(()) }

    #[every("1s")]
    async fn tick(&mut self) -> Result<()> {
        tracing::debug!(seen = self.seen, "tick");
        Ok(())
    }

    #[on_change(Device.Status, context(name = Device.Name, room = Device.Room -> Room.Name))]
    async fn switched(
        &mut self,
        change: Change<Device, Power>,
        name: String,
        room: Option<String>,
        cx: &mut Cx,
    ) -> Result<()> {
        tracing::info!(name, ?room, from = ?change.previous(), to = ?change.current(), "switched");
        self.seen += 1;
        change.entity(cx)?.set_last_seen(Timestamp::now()).commit().await
    }

    #[on_leader]
    async fn lead(&mut self, leadership: &Leadership) -> Result<()> {
        tracing::info!(token = leadership.token(), "leading");
        Ok(())
    }
}

#[on_change(Device.Temperature, when(current > 80.0))]
async fn overheating(change: Change<Device, f64>) -> Result<()> {
    tracing::warn!(id = %change.id(), at = change.current(), "overheating");
    Ok(())
}

qlib::main!("smart-home");
