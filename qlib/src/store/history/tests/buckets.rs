//! The mathematics of buckets.

use super::*;
use crate::model::Error;

/// Buckets as `start[min..max mean last count]`, in seconds since the start.
fn say(world: &World, field: &str, seconds: u64) -> String {
    let buckets = world
        .query(entity(0), field)
        .buckets(millis(seconds * 1_000))
        .unwrap();
    let word = |value: &Option<Value>| value.as_ref().map_or("-".into(), ToString::to_string);
    let words = buckets.iter().map(|bucket| {
        format!(
            "{}[{}..{} {} {} {}]",
            bucket.start.as_nanos() / 1_000_000_000 - START.as_nanos() / 1_000_000_000,
            word(&bucket.min),
            word(&bucket.max),
            bucket.mean.map_or("-".into(), |mean| mean.to_string()),
            word(&bucket.last),
            bucket.count
        )
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_mean_is_weighted_by_how_long_each_value_held() {
    let mut world = World::new();
    world.create(entity(0), &[("Pressure", 0.0.into())]);
    world.advance(millis(9_000));
    world.write(entity(0), "Pressure", Some(100.0.into()));
    world.advance(millis(1_000));
    assert_eq!(say(&world, "Pressure", 10), "0[0..100 10 100 2]");
}

#[test]
fn a_value_holds_through_buckets_without_samples_until_now() {
    let mut world = World::new();
    world.create(entity(0), &[("Stokes", 4.into())]);
    world.advance(millis(25_000));
    assert_eq!(
        say(&world, "Stokes", 10),
        "0[4..4 4 4 1] 10[4..4 4 4 0] 20[4..4 4 4 0]"
    );
}

#[test]
fn nothing_holds_where_the_field_is_unset() {
    let mut world = World::new();
    world.create(entity(0), &[("Stokes", 4.into())]);
    world.advance(millis(5_000));
    world.write(entity(0), "Stokes", None);
    world.advance(millis(20_000));
    world.write(entity(0), "Stokes", Some(8.into()));
    world.commit(Op::Delete(entity(0)));
    world.advance(millis(30_000));
    assert_eq!(say(&world, "Stokes", 10), "0[4..4 4 - 2] 20[8..8 8 - 2]");
}

#[test]
fn what_is_no_number_has_a_last_value() {
    let mut world = World::new();
    world.create(entity(0), &[("State", "b".into())]);
    world.advance(millis(1_000));
    world.write(entity(0), "State", Some("a".into()));
    assert_eq!(say(&world, "State", 10), "0[a..b - a 2]");
}

#[test]
fn buckets_begin_at_multiples_of_their_width_and_count_what_is_in_the_range() {
    let mut world = World::new();
    world.create(entity(0), &[("Stokes", 1.into())]);
    for round in 2..8 {
        world.advance(millis(2_000));
        world.write(entity(0), "Stokes", Some(round.into()));
    }
    let range = START + millis(3_000)..START + millis(7_000);
    let query = world
        .store
        .history_named(entity(0), "Stokes", range)
        .unwrap();
    let buckets = query.buckets(millis(5_000)).unwrap();
    let first = &buckets[0];
    assert_eq!(first.start, START);
    assert_eq!(
        (first.count, first.min.clone(), first.last.clone()),
        (1, Some(2.into()), Some(3.into()))
    );
    assert_eq!(first.mean, Some(2.5));
    assert_eq!(buckets.len(), 2);
}

#[test]
fn too_many_buckets_and_none_at_all_are_refused() {
    let mut world = World::new();
    world.create(entity(0), &[("Stokes", 1.into())]);
    world.advance(Duration::from_secs(200));
    let query = world.query(entity(0), "Stokes");
    for width in [Duration::ZERO, millis(1), Duration::MAX] {
        let refused = query.buckets(width).unwrap_err();
        assert!(matches!(refused, Error::HistoryRange { .. }), "{refused}");
    }
    assert_eq!(query.buckets(millis(2)).unwrap().len(), 100_000);
}
