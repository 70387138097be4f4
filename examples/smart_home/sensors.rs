//! Simulated sensors: the physics of the rooms, and a person who walks from one to the next.

use qlib::prelude::*;

use crate::model::{Power, Room};

#[derive(Default)]
pub(crate) struct Sensors {
    ticks: usize,
}

#[worker]
impl Sensors {
    /// One commit for all thermometers: whoever reads sees them all before or all after.
    #[every("500ms")]
    async fn measure(&mut self, cx: &mut Cx) -> Result<()> {
        cx.transaction(|tx| {
            for room in tx.select::<Room>().all()? {
                let drift = match room.value.heating {
                    Power::On => 0.4,
                    Power::Off => -0.3,
                };
                tx.set(
                    room.id,
                    Room::FIELDS.Temperature,
                    room.value.temperature + drift,
                )?;
            }
            Ok(())
        })
        .await
    }

    /// The person stays two seconds in each room.
    #[every("2s")]
    async fn walk(&mut self, cx: &mut Cx) -> Result<()> {
        let here = self.ticks;
        self.ticks += 1;
        cx.transaction(|tx| {
            let rooms = tx.select::<Room>().all()?;
            for (at, room) in rooms.iter().enumerate() {
                let occupied = at == here % rooms.len();
                if room.value.occupied != occupied {
                    tx.set(room.id, Room::FIELDS.Occupied, occupied)?;
                }
            }
            Ok(())
        })
        .await
    }
}
