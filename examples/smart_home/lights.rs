//! Lights that follow people.

use qlib::prelude::*;

use crate::model::{Device, Power, Room};

/// Switches every light of a room that somebody enters or leaves, in one commit.
#[on_change(Room.Occupied)]
pub(crate) async fn follow_people(change: Change<Room, bool>, cx: &mut Cx) -> Result<()> {
    let (room, now) = (change.id(), cx.now());
    let status = if change.current() {
        Power::On
    } else {
        Power::Off
    };
    cx.transaction(|tx| {
        for light in tx.select::<Device>().all()? {
            if light.value.room.map(EntityId::from) == Some(room) {
                tx.set(light.id, Device::FIELDS.Status, status)?;
                tx.set(light.id, Device::FIELDS.LastSeen, Some(now))?;
            }
        }
        Ok(())
    })
    .await
}
