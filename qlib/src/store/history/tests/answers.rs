//! Thinning by hand, and what questions are refused.

use super::*;
use crate::model::Error;
use crate::store::Sample;

#[test]
fn a_deadband_leaves_out_what_is_near_the_last_value_kept() {
    let mut world = World::new();
    world.create(entity(0), &[("Pressure", 1.0.into())]);
    for value in [1.25, 1.5, 1.75, 1.25, 2.0] {
        world.advance(millis(1_000));
        world.write(entity(0), "Pressure", Some(value.into()));
    }
    assert_eq!(world.say(entity(0), "Pressure"), "0:1 2:1.5 5:2");
}

#[test]
fn a_value_that_stood_is_kept_though_it_came_early() {
    let mut world = World::new();
    world.create(entity(0), &[("Stokes", 1.into())]);
    world.advance(millis(250));
    world.write(entity(0), "Stokes", Some(2.into()));
    world.advance(millis(250));
    world.write(entity(0), "Stokes", Some(3.into()));
    world.advance(millis(60_000));
    world.write(entity(0), "Stokes", Some(4.into()));
    assert_eq!(world.say(entity(0), "Stokes"), "0:1 0.5:3 60.5:4");
}

#[test]
fn the_newest_value_is_there_though_the_policy_leaves_it_out() {
    let mut world = World::new();
    world.create(entity(0), &[("Pressure", 1.0.into())]);
    for (value, expected) in [(1.1, "0:1 1:1.1"), (1.2, "0:1 2:1.2"), (9.0, "0:1 3:9")] {
        world.advance(millis(1_000));
        world.write(entity(0), "Pressure", Some(value.into()));
        assert_eq!(world.say(entity(0), "Pressure"), expected);
    }
}

#[test]
fn unsetting_and_deleting_are_samples_without_a_value() {
    let mut world = World::new();
    world.create(entity(0), &[("State", "on".into())]);
    world.write(entity(0), "State", None);
    world.write(entity(0), "State", Some("off".into()));
    world.commit(Op::Delete(entity(0)));
    let samples = world.query(entity(0), "State").all().unwrap().samples;
    let words = samples
        .iter()
        .map(|Sample { value, quality, .. }| (value.clone(), *quality));
    assert_eq!(
        words.collect::<Vec<_>>(),
        [
            (Some("on".into()), Quality::Good),
            (None, Quality::Unset),
            (Some("off".into()), Quality::Good),
            (None, Quality::Unset),
        ]
    );
    // Made again, it goes on.
    world.create(entity(0), &[("State", "new".into())]);
    assert_eq!(world.say(entity(0), "State"), "0:on 0:- 0:off 0:- 0:new");
}

#[test]
fn another_quality_is_another_sample() {
    let mut world = World::new();
    world.create(entity(0), &[("Pressure", 1.0.into())]);
    world.advance(millis(1_000));
    world.write_as(entity(0), "Pressure", Some(1.0.into()), Quality::Stale);
    world.advance(millis(1_000));
    world.write(entity(0), "Pressure", Some(1.0.into()));
    let samples = world.query(entity(0), "Pressure").all().unwrap().samples;
    let qualities: Vec<_> = samples.iter().map(|sample| sample.quality).collect();
    assert_eq!(qualities, [Quality::Good, Quality::Stale, Quality::Good]);
}

#[test]
fn a_restore_is_a_commit_like_others() {
    let mut world = World::new();
    world.create(entity(0), &[("State", "first".into())]);
    let image = world.store.create_snapshot().image();
    world.advance(millis(1_000));
    world.write(entity(0), "State", Some("second".into()));
    world.create(entity(1), &[("State", "other".into())]);
    world.advance(millis(1_000));
    world.commit(Op::Restore {
        image: Arc::new(image),
        only: None,
    });
    world.check();
    assert_eq!(world.say(entity(0), "State"), "0:first 1:second 2:first");
    assert_eq!(world.say(entity(1), "State"), "1:other 2:-");
    let samples = world.query(entity(0), "State").all().unwrap().samples;
    assert_eq!(samples[2].quality, Quality::Restored);
}

#[test]
fn a_field_that_changes_its_policy_goes_on_and_one_that_changes_its_kind_begins_anew() {
    let mut world = World::new();
    world.create(entity(0), &[("State", "on".into())]);
    let mut schema = boiler();
    let state = schema
        .fields
        .iter_mut()
        .find(|field| field.name == "State")
        .unwrap();
    state.history.as_mut().unwrap().keep = Duration::from_secs(60);
    world.commit(Op::SetSchema(Box::new(schema.clone())));
    assert_eq!(world.say(entity(0), "State"), "0:on");
    world.write(entity(0), "State", None);
    let state = schema
        .fields
        .iter_mut()
        .find(|field| field.name == "State")
        .unwrap();
    state.kind = Kind::Int;
    world.commit(Op::SetSchema(Box::new(schema.clone())));
    assert_eq!(world.say(entity(0), "State"), "");
    world.write(entity(0), "State", Some(1.into()));
    assert_eq!(world.say(entity(0), "State"), "0:1");
    let state = schema
        .fields
        .iter_mut()
        .find(|field| field.name == "State")
        .unwrap();
    state.history = None;
    world.commit(Op::SetSchema(Box::new(schema.clone())));
    assert_eq!(
        world
            .store
            .history_named(entity(0), "State", ..)
            .unwrap_err(),
        Error::NoHistory {
            entity_type: "Boiler".into(),
            field: "State".into()
        }
    );
}

#[test]
fn a_question_without_an_answer_says_why() {
    let mut world = World::new();
    world.create(entity(0), &[]);
    let ask = |id, field: &str| {
        world
            .store
            .history_named(id, field, ..)
            .map(|_| ())
            .unwrap_err()
    };
    let missing = Error::Missing {
        entity: entity(1).into(),
    };
    assert_eq!(ask(entity(1), "Pressure"), missing);
    assert!(matches!(
        ask(entity(0), "Presure"),
        Error::UnknownField { .. }
    ));
    for field in ["Note", "Name", "Description", "Children"] {
        assert!(
            matches!(ask(entity(0), field), Error::NoHistory { .. }),
            "{field}"
        );
    }
    let empty = world
        .store
        .history_named(entity(0), "Pressure", START..START);
    assert!(matches!(empty.unwrap_err(), Error::HistoryRange { .. }));
    let nothing = world.query(entity(0), "Pressure").all().unwrap();
    assert_eq!((nothing.since, nothing.samples), (None, Vec::new()));
}

#[test]
fn ends_of_ranges_are_as_they_are_written() {
    let mut world = World::new();
    world.create(entity(0), &[]);
    for round in 0..5_i64 {
        world.write(entity(0), "State", Some(round.to_string().into()));
        world.advance(millis(1_000));
    }
    let at = |seconds: u64| START + millis(seconds * 1_000);
    let count = |query: Result<HistoryQuery<Value>>| query.unwrap().all().unwrap().samples.len();
    let ask = |from, to| world.store.history_named(entity(0), "State", (from, to));
    use std::ops::Bound::{Excluded, Included, Unbounded};
    assert_eq!(count(ask(Included(at(1)), Included(at(3)))), 3);
    assert_eq!(count(ask(Excluded(at(1)), Excluded(at(3)))), 1);
    assert_eq!(count(ask(Unbounded, Excluded(at(3)))), 3);
    assert_eq!(count(ask(Included(at(1)), Unbounded)), 4);
}
