//! Mistakes in the wiring refuse the boot, and name the culprit.
#![allow(missing_docs, clippy::unwrap_used)]

use qlib::prelude::*;
use qlib::{App, Registry, Row, Schema};

use qlib_tests::boot;

#[derive(Entity, Debug)]
struct Room {}

#[derive(Entity, Debug)]
struct Lamp {
    #[field(default = 0)]
    level: i64,
    room: Option<Ref<Room>>,
}

mod other {
    use qlib::prelude::*;

    #[derive(Entity, Debug)]
    #[entity(rename = "Twin")]
    pub(super) struct First {}

    #[derive(Entity, Debug)]
    #[entity(rename = "Twin")]
    pub(super) struct Second {}

    #[derive(Default)]
    pub(super) struct Alarm;

    #[worker]
    impl Alarm {
        #[every("1s")]
        async fn ring(&mut self) -> Result<()> {
            Ok(())
        }
    }
}

#[derive(Default)]
struct Alarm;

#[worker]
impl Alarm {
    #[every("1s")]
    async fn ring(&mut self) -> Result<()> {
        Ok(())
    }
}

#[derive(Default)]
struct Reader;

#[worker(after = Alarm)]
impl Reader {
    #[on_change(Lamp.Level)]
    async fn level(&mut self) -> Result<()> {
        Ok(())
    }
}

struct Fussy;

#[worker]
impl Fussy {
    fn new() -> Self {
        panic!("no file")
    }
}

fn refusal(enter: impl FnOnce(&mut Registry)) -> String {
    let error = boot(App::builder("test").register(enter))
        .unwrap_err()
        .to_string();
    let reason = error.strip_prefix("the application cannot start: ");
    reason.unwrap_or(&error).to_owned()
}

#[test]
fn two_types_of_one_name() {
    let refusal = refusal(|registry| {
        registry.entity::<other::First>();
        registry.entity::<other::Second>();
    });
    assert_eq!(
        refusal,
        "two types are called Twin: wiring::other::First and wiring::other::Second; rename one with #[entity(rename = \"…\")]"
    );
}

/// A type by hand: what the derive makes cannot extend itself, not even through others.
macro_rules! extending {
    ($name:ident, $base:literal) => {
        struct $name;

        impl Entity for $name {
            type Fields = ();
            const FIELDS: () = ();
            const TYPE: &'static str = stringify!($name);

            fn schema() -> Schema {
                Schema::new(Self::TYPE).extends($base)
            }

            fn read(_: &dyn Row) -> Result<Self> {
                Ok(Self)
            }
        }
    };
}

extending!(Hen, "Egg");
extending!(Egg, "Hen");
extending!(Breakfast, "Egg");

#[test]
fn types_that_extend_each_other() {
    let refusal = refusal(|registry| {
        registry.entity::<Room>();
        registry.entity::<Hen>();
        registry.entity::<Egg>();
        registry.entity::<Breakfast>();
    });
    assert_eq!(refusal, "the types Egg, Hen extend each other in a circle");
}

#[test]
fn two_workers_of_one_name() {
    let refusal = refusal(|registry| {
        registry.worker::<Alarm>();
        registry.worker::<other::Alarm>();
    });
    let refusal = refusal.split(" line ").next().unwrap();
    assert_eq!(refusal, "two workers are called Alarm: in wiring");
}

#[test]
fn a_handler_of_an_unknown_entity() {
    let refusal = refusal(|registry| {
        registry.worker::<Alarm>();
        registry.worker::<Reader>();
    });
    assert_eq!(refusal, "handler Reader::level: there is no type Lamp");
}

#[test]
fn a_worker_after_one_that_is_not_there() {
    let refusal = refusal(|registry| {
        registry.entity::<Lamp>();
        registry.entity::<Room>();
        registry.worker::<Reader>();
    });
    assert_eq!(
        refusal,
        "the worker Reader starts after Alarm, which is not there"
    );
}

#[test]
fn a_worker_whose_constructor_panics() {
    assert_eq!(
        refusal(|registry| registry.worker::<Fussy>()),
        "the worker Fussy cannot be made: it panicked: no file"
    );
}

#[test]
fn what_is_entered_twice_is_there_once() {
    let report = boot(App::builder("test").register(|registry| {
        for _ in 0..2 {
            registry.entity::<Lamp>();
            registry.entity::<Room>();
            registry.worker::<Alarm>();
            registry.worker::<Reader>();
        }
    }))
    .unwrap();
    insta::assert_snapshot!(report);
}
