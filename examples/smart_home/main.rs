//! A home that runs by itself: simulated sensors, a thermostat with hysteresis, lights that follow
//! people, a daily report, and an account of it all in the log.

mod lights;
mod model;
mod report;
mod sensors;
mod thermostat;

#[cfg(test)]
mod tests;

use model::{Device, Power, Room};
use qlib::prelude::*;

/// Tells what happens in the home.
#[derive(Default)]
struct Monitor {
    seen: u64,
}

#[worker]
impl Monitor {
    #[on_change(Device.Status, context(name = Device.Name, room = Device.Room -> Room.Name))]
    async fn switched(
        &mut self,
        change: Change<Device, Power>,
        name: String,
        room: Option<String>,
    ) -> Result<()> {
        self.seen += 1;
        tracing::info!(name, room, from = ?change.previous(), to = ?change.current(), "switched");
        Ok(())
    }

    #[on_change(Room.Temperature, min_interval = "2s", context(name = Room.Name, heating = Room.Heating))]
    async fn warmer_or_colder(
        &mut self,
        change: Change<Room, f64>,
        name: String,
        heating: Power,
    ) -> Result<()> {
        let degrees = format!("{:.1} °C", change.current());
        tracing::info!(room = name, degrees, ?heating, "temperature");
        Ok(())
    }

    #[on_leader]
    async fn lead(&mut self, leadership: &Leadership) -> Result<()> {
        tracing::info!(token = leadership.token(), "this instance leads");
        Ok(())
    }

    #[deinit]
    async fn deinit(&mut self) -> Result<()> {
        tracing::info!(seen = self.seen, "the home is left");
        Ok(())
    }
}

/// A single handler needs no worker.
#[on_change(Room.Temperature, when(current > 30.0), context(name = Room.Name))]
async fn overheating(change: Change<Room, f64>, name: String) -> Result<()> {
    tracing::warn!(room = name, at = change.current(), "overheating");
    Ok(())
}

qlib::main!(
    "smart-home",
    setup = |app| {
        if let Some(time) = app.time_option("for", "End after this time, such as 30s")? {
            app.end_after(time);
        }
        app.preload(model::furnish);
        Ok(())
    }
);
