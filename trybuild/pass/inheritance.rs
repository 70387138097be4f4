//! An entity that extends one that extends another, from another module, imported by its name only.
#![deny(warnings)]

mod model {
    use qlib::prelude::*;

    #[derive(Choice, Clone, Copy, PartialEq, Debug)]
    pub enum Power {
        Off,
        On,
    }

    #[derive(Entity, Debug)]
    pub struct Room {}

    /// Anything that can be switched.
    #[derive(Entity, Debug)]
    pub struct Device {
        pub status: Power,
        pub room: Option<Ref<Room>>,
    }
}

mod lights {
    use crate::model::Device;
    use qlib::prelude::*;

    #[derive(Entity, Debug)]
    #[entity(extends = Device)]
    pub struct Lamp {
        #[field(range(0..=100), default = 100)]
        pub brightness: i64,
    }

    #[derive(Entity, Debug)]
    #[entity(extends = Lamp, rename = "ColorLamp")]
    pub struct Colored {
        #[field(pattern = "#[0-9a-f]{6}", default = "#ffffff")]
        pub color: String,
    }

    /// Adds no field of its own.
    #[derive(Entity, Debug)]
    #[entity(extends = Colored)]
    pub struct Star {}
}

use lights::{Colored, Lamp, Star};
use model::{Device, Power, Room};
use qlib::prelude::*;

#[on_change(Lamp.Status, context(name = Lamp.Name, room = Lamp.Room -> Room.Name))]
async fn lamp(
    change: Change<Lamp, Power>,
    name: String,
    room: Option<String>,
    cx: &mut Cx,
) -> Result<()> {
    assert!(!name.is_empty() || room.is_none());
    let mut lamp = change.entity(cx)?;
    lamp.set_brightness(50).set_status(Power::On);
    lamp.commit().await
}

#[on_change(Star.Color)]
async fn star(change: Change<Star, String>) -> Result<()> {
    assert!(change.current().starts_with('#'));
    Ok(())
}

fn whole(entity: impl qlib::NewEntity<Star>) -> usize {
    entity.into_values().len()
}

fn set_up() {
    let device = Device::builder().status(Power::Off);
    let lamp = Lamp::builder().base(device).brightness(10);
    let colored = Colored::builder().base(lamp);
    assert_eq!(whole(Star::builder().base(colored)), 2);
}

qlib::main!("inheritance", setup = |_| set_up());
