//! What there is in the home.

use qlib::Transaction;
use qlib::prelude::*;

/// Whether something is switched on.
#[derive(Choice, Clone, Copy, PartialEq, Debug)]
pub(crate) enum Power {
    /// Switched off.
    Off,
    /// Switched on.
    On,
}

/// A room with its own heating.
#[derive(Entity, Debug)]
pub(crate) struct Room {
    /// What the thermometer says.
    #[field(range(-40.0..=60.0), unit = "°C", default = 19.0)]
    pub(crate) temperature: f64,
    /// What people want.
    #[field(range(5.0..=28.0), unit = "°C", default = 20.5)]
    pub(crate) target: f64,
    #[field(default = Power::Off)]
    pub(crate) heating: Power,
    /// Whether somebody is there.
    #[field(default = false)]
    pub(crate) occupied: bool,
}

/// A switchable light in a room.
#[derive(Entity, Debug)]
pub(crate) struct Device {
    #[field(default = Power::Off)]
    pub(crate) status: Power,
    #[field(index)]
    pub(crate) room: Option<Ref<Room>>,
    pub(crate) last_seen: Option<Timestamp>,
    /// How often it was switched on since the last daily report.
    #[field(default = 0)]
    pub(crate) switched: i64,
}

/// Makes the home, unless it is there.
pub(crate) fn furnish(tx: &mut Transaction<'_>) -> Result<()> {
    if tx.find("/Hall").is_ok() {
        return Ok(());
    }
    for name in ["Hall", "Kitchen", "Study"] {
        let room = tx.create(EntityId::ROOT, name, Room::builder())?;
        tx.create(room, "Ceiling light", Device::builder().room(room))?;
    }
    Ok(())
}
