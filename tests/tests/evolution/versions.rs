//! Two versions of an application, one after the other on the same store.

use qlib::prelude::*;
use qlib::{AppBuilder, SchemaStep};
use qlib_tests::boot;

mod first {
    use qlib::prelude::*;

    #[derive(Choice, Clone, Copy, PartialEq, Debug)]
    pub(super) enum Power {
        Off,
        On,
    }

    #[derive(Entity, Debug)]
    pub(super) struct Lamp {
        #[field(default = Power::Off)]
        pub(super) power: Power,
        #[field(range(0..=100))]
        pub(super) level: i64,
        /// In °F.
        pub(super) heat: i64,
        pub(super) maker: Option<String>,
    }
}

mod second {
    use qlib::prelude::*;

    #[derive(Choice, Clone, Copy, PartialEq, Debug)]
    pub(super) enum Mode {
        Sleeping,
        Running,
        Broken,
    }

    fn mode(power: super::first::Power) -> Result<Mode> {
        Ok(match power {
            super::first::Power::Off => Mode::Sleeping,
            super::first::Power::On => Mode::Running,
        })
    }

    fn celsius(fahrenheit: i64) -> Result<Option<f64>, String> {
        match fahrenheit {
            ..-459 => Err("that is colder than cold".to_owned()),
            0 => Ok(None),
            _ => Ok(Some((fahrenheit as f64 - 32.0) / 1.8)),
        }
    }

    #[derive(Entity, Debug)]
    #[entity(was = "Lamp")]
    pub(super) struct Light {
        #[field(was = "Power", convert = mode)]
        pub(super) mode: Mode,
        #[field(range(0..=200), unit = "%")]
        pub(super) level: i64,
        #[field(was = "Heat", convert = celsius)]
        pub(super) temperature: Option<f64>,
        #[field(default = "unknown")]
        pub(super) room: String,
    }
}

fn one() -> AppBuilder {
    App::builder("lamps").entity::<first::Lamp>()
}

fn two() -> AppBuilder {
    App::builder("lamps").entity::<second::Light>()
}

/// A store that the first version filled.
fn store(heats: &[i64]) -> Store {
    let store = Store::memory().unwrap();
    boot(one().store(store.clone())).unwrap();
    let made = store.transaction(|tx| {
        for heat in heats {
            let lamp = first::Lamp::builder().level(50).heat(*heat).maker("Acme");
            tx.create(
                EntityId::ROOT,
                format!("L{heat}"),
                lamp.power(first::Power::On),
            )?;
        }
        Ok(())
    });
    qlib_tests::run(async { made.await.unwrap() });
    store
}

#[test]
fn the_next_version_finds_what_the_one_before_left() {
    let store = store(&[212, 0]);
    let id = store.find("/L212").unwrap();
    let report = boot(two().store(store.clone())).unwrap();
    insta::assert_snapshot!(report);
    let light = store.get::<second::Light>(id).unwrap();
    assert_eq!((light.mode, light.level), (second::Mode::Running, 50));
    assert_eq!(light.temperature, Some(100.0));
    assert_eq!(light.room, "unknown");
    assert_eq!(
        store.view().value(id, "Maker").unwrap(),
        Some("Acme".into())
    );
    let cold = store.find("/L0").unwrap();
    assert_eq!(store.get::<second::Light>(cold).unwrap().temperature, None);
    // Again, and nothing is left to do.
    let report = boot(two().store(store.clone())).unwrap();
    assert_eq!(report.schema, Vec::<SchemaStep>::new());
}

#[test]
fn what_cannot_be_converted_is_named_and_nothing_is_changed() {
    let store = store(&[212, -1000]);
    let before = store.create_snapshot().image();
    let error = boot(two().store(store.clone())).unwrap_err().to_string();
    let ids = before
        .entities
        .iter()
        .map(|entity| format!(" ({})", entity.id));
    insta::assert_snapshot!(ids.fold(error, |error, id| error.replace(&id, "")));
    assert_eq!(store.create_snapshot().image(), before);
}

#[test]
fn the_version_before_is_told_what_it_does_not_know() {
    let store = store(&[212]);
    boot(two().store(store.clone())).unwrap();
    let error = boot(one().store(store.clone())).unwrap_err();
    insta::assert_snapshot!(error);
}

mod third {
    use qlib::prelude::*;

    #[derive(Choice, Clone, Copy, PartialEq, Debug)]
    pub(super) enum Power {
        Off,
        On,
        Dim,
    }

    #[derive(Entity, Debug)]
    pub(super) struct Lamp {
        #[field(default = Power::Off)]
        pub(super) power: Power,
        #[field(range(0..=100))]
        pub(super) level: i64,
        /// In °F.
        pub(super) heat: i64,
        pub(super) maker: Option<String>,
        #[field(default = 7)]
        pub(super) hours: i64,
    }
}

#[test]
fn the_version_before_goes_on_with_fields_that_it_does_not_know() {
    let store = store(&[212]);
    let id = store.find("/L212").unwrap();
    let next = App::builder("lamps").entity::<third::Lamp>();
    boot(next.store(store.clone())).unwrap();
    boot(one().store(store.clone())).unwrap();
    assert_eq!(store.get::<first::Lamp>(id).unwrap().level, 50);
    let made = store.transaction(|tx| {
        let lamp = first::Lamp::builder().level(1).heat(2);
        tx.create(EntityId::ROOT, "New", lamp)
    });
    let new = qlib_tests::run(async { made.await.unwrap() });
    for lamp in [id, new.into()] {
        assert_eq!(
            store.view().value(lamp, "Hours").unwrap(),
            Some(qlib::Value::Int(7))
        );
    }
    // A variant that it does not know, once an entity holds it, is another matter.
    boot(
        App::builder("lamps")
            .entity::<third::Lamp>()
            .store(store.clone()),
    )
    .unwrap();
    let dim = store.transaction(|tx| tx.set(id, third::Lamp::FIELDS.Power, third::Power::Dim));
    qlib_tests::run(async { dim.await.unwrap() });
    let error = boot(one().store(store.clone())).unwrap_err().to_string();
    insta::assert_snapshot!(error.replace(&format!(" ({id})"), ""));
}

#[test]
fn a_default_that_only_running_code_knows_is_held_to_the_lock() {
    let lamp = qlib::Schema::write_all(&[first::Lamp::schema()]);
    let locked = |text: &str| {
        let text: &'static str = text.to_owned().leak();
        let enter = |registry: &mut qlib::Registry| {
            registry.locked_entity::<first::Lamp>("schema.toml", text);
        };
        boot(App::builder("lamps").register(enter))
    };
    locked(&lamp).unwrap();
    let other = locked(&lamp.replace("default = \"Off\"", "default = \"On\"")).unwrap_err();
    insta::assert_snapshot!(other);
}
