//! A thermostat with hysteresis: between its two thresholds it leaves the heating as it is.

use qlib::prelude::*;

use crate::model::{Power, Room};

/// How far from the target the heating is switched.
const HYSTERESIS: f64 = 0.5;

#[derive(Default)]
pub(crate) struct Thermostat;

#[worker]
impl Thermostat {
    #[on_change(Room.Temperature, initial, keyed)]
    async fn measured(&mut self, change: Change<Room, f64>, cx: &mut Cx) -> Result<()> {
        regulate(change.id(), cx).await
    }

    #[on_change(Room.Target, keyed)]
    async fn wanted(&mut self, change: Change<Room, f64>, cx: &mut Cx) -> Result<()> {
        regulate(change.id(), cx).await
    }
}

/// Regulates by the newest values: several changes at once need one decision.
async fn regulate(id: EntityId, cx: &mut Cx) -> Result<()> {
    let room: Room = cx.get(id)?;
    let wanted = if room.temperature < room.target - HYSTERESIS {
        Power::On
    } else if room.temperature > room.target + HYSTERESIS {
        Power::Off
    } else {
        return Ok(());
    };
    if room.heating == wanted {
        return Ok(());
    }
    cx.entity::<Room>(id)?.set_heating(wanted).commit().await
}

/// Tells of the heating, which nobody has to ask for.
#[on_change(Room.Heating, context(name = Room.Name, temperature = Room.Temperature))]
async fn heating(change: Change<Room, Power>, name: String, temperature: f64) -> Result<()> {
    let degrees = format!("{temperature:.1} °C");
    tracing::info!(room = name, degrees, heating = ?change.current(), "thermostat");
    Ok(())
}
