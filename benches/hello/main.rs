//! The application whose building is measured: one type, one worker, one rule.

use qlib::prelude::*;

#[derive(Choice, Clone, Copy, PartialEq, Debug)]
pub enum Power {
    Off,
    On,
}

/// A switchable light.
#[derive(Entity, Debug)]
pub struct Device {
    pub status: Power,
    #[field(range(-40.0..=125.0), unit = "°C")]
    pub temperature: f64,
    pub last_seen: Timestamp,
}

#[derive(Default)]
struct Monitor {
    seen: u64,
}

#[worker]
impl Monitor {
    #[on_change(Device.Status, context(name = Device.Name))]
    async fn switched(
        &mut self,
        change: Change<Device, Power>,
        name: String,
        cx: &mut Cx,
    ) -> Result<()> {
        // An edit goes here.
        tracing::info!(name, from = ?change.previous(), to = ?change.current(), "switched");
        self.seen += 1;
        change.entity(cx)?.set_last_seen(Timestamp::now()).commit().await
    }
}

#[on_change(Device.Temperature, when(current > 80.0))]
async fn overheating(change: Change<Device, f64>) -> Result<()> {
    tracing::warn!(id = %change.id(), at = change.current(), "overheating");
    Ok(())
}

qlib::main!("hello");
