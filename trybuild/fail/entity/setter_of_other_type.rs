//! Values of other types than the fields.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Choice, Clone, Copy, PartialEq, Debug)]
enum Power {
    Off,
    On,
}

#[derive(Entity, Debug)]
struct Room {}

#[derive(Entity, Debug)]
struct Device {
    status: Power,
    location: String,
    count: i64,
    room: Option<Ref<Room>>,
}

async fn f(device: EntityId, room: Ref<Room>, cx: &mut Cx) -> Result<()> {
    let mut device = cx.entity::<Device>(device)?;
    device.set_status("On");
    device.set_location(1);
    device.set_count(1.5);
    device.set_room(Power::On);
    device.set_status(Power::On).set_location("hall").set_count(1).set_room(room).commit().await
}

fn main() {}
