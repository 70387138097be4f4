//! What is held stays bounded.

use std::sync::atomic::AtomicBool;

use super::disk::Passing;
use super::*;
use crate::log::disk::Disk;
use crate::model::Error;

const LIMITS: HistoryLimits = HistoryLimits {
    memory: 64 << 10,
    disk: 128 << 10,
};

/// Writes that are all kept, many times what fits.
fn churn(world: &mut World, mut each: impl FnMut(&World, i64)) {
    for number in 0..8 {
        world.create(entity(number), &[]);
    }
    for round in 0..2_000 {
        world.advance(millis(100));
        for number in 0..8 {
            let text = format!("the state of boiler {number} in round {round}");
            world.write(entity(number), "State", Some(text.into()));
        }
        world.log.clear();
        each(world, round);
    }
}

#[test]
fn memory_is_bounded_and_the_oldest_goes_first() {
    let mut world = World::in_memory(LIMITS);
    let mut most = 0;
    churn(&mut world, |world, _| {
        most = most.max(world.history().bytes())
    });
    assert!(
        most > LIMITS.memory / 2 && most < LIMITS.memory * 5 / 4,
        "{most}"
    );
    for number in 0..8 {
        let found = world.query(entity(number), "State").all().unwrap();
        let expected = world.model.samples(entity(number), "State");
        assert!(found.samples.len() > 10);
        assert!(expected.ends_with(&found.samples));
        assert_eq!(found.since, Some(found.samples[0].time));
        assert!(found.since > Some(START + Duration::from_secs(60)));
    }
}

#[test]
fn files_are_bounded_and_the_oldest_goes_first() {
    let mut world = World::with(LIMITS, boiler());
    let mut most = 0;
    churn(&mut world, |world, round| {
        if round % 50 == 0 {
            world.flush().unwrap();
            most = most.max(world.disk.bytes());
        }
    });
    // The mark comes on top.
    assert!(
        most as u64 > LIMITS.disk / 2 && (most as u64) < LIMITS.disk * 5 / 4,
        "{most}"
    );
    assert!(world.disk.list().unwrap().len() > 8, "in many files");
    for number in 0..8 {
        let found = world.query(entity(number), "State").all().unwrap();
        let expected = world.model.samples(entity(number), "State");
        assert!(found.samples.len() > 10 && expected.ends_with(&found.samples));
        assert_eq!(found.since, Some(found.samples[0].time));
    }
}

#[test]
fn files_that_go_while_another_process_opens_are_no_damage() {
    let mut world = World::with(LIMITS, boiler());
    let mut before = None;
    churn(&mut world, |world, round| {
        if round % 50 == 0 {
            world.flush().unwrap();
            if round == 1_000 {
                before = Some(world.disk.crashed());
            }
        }
    });
    let passing = Passing {
        before: before.unwrap(),
        later: world.disk.crashed(),
        has_passed: AtomicBool::new(false),
    };
    let of = |disk: &MemoryDisk| disk.list().unwrap();
    let later = of(&passing.later);
    assert!(of(&passing.before).iter().any(|name| !later.contains(name)));
    let feeder = History::open_beside(Arc::new(passing), LIMITS).unwrap();
    let damage = feeder.history().damage();
    assert!(damage.is_empty(), "{damage:?}");
    assert!(feeder.history().fed() > 0);
}

#[test]
fn memory_is_bounded_while_the_disk_refuses() {
    let mut world = World::with(LIMITS, boiler());
    world.disk.fail_after(Some(0));
    churn(&mut world, |world, round| {
        if round % 50 == 0 {
            world.flush().unwrap_err();
        }
        assert!(world.history().bytes() < LIMITS.memory * 5 / 4);
    });
    assert!(world.history().wants_flush());
    world.disk.fail_after(None);
    world.flush().unwrap();
    assert!(!world.history().wants_flush());
}

#[test]
fn what_is_older_than_it_is_kept_goes() {
    for on_disk in [false, true] {
        let limits = HistoryLimits::default();
        let mut world = if on_disk {
            World::new()
        } else {
            World::in_memory(limits)
        };
        for number in 0..2 {
            world.create(entity(number), &[("State", "new".into())]);
        }
        for round in 0..300 {
            world.advance(millis(10));
            world.write(entity(0), "State", Some(round.to_string().into()));
        }
        world.commit(Op::Delete(entity(1)));
        world.flush().unwrap();
        assert!(
            world.say(entity(1), "State").ends_with(":-"),
            "readable still"
        );
        world.advance(Duration::from_secs(3_601));
        let all = world.query(entity(0), "State").all().unwrap();
        assert_eq!(all.samples, []);
        let current = all.before.unwrap();
        assert_eq!(
            current.value,
            Some("299".into()),
            "what it holds does not go"
        );
        for round in 0..600 {
            world.write(entity(0), "State", Some(round.to_string().into()));
        }
        world.flush().unwrap();
        let gone = world
            .store
            .history_named(entity(1), "State", ..)
            .unwrap_err();
        assert_eq!(
            gone,
            Error::Missing {
                entity: entity(1).into()
            }
        );
        if on_disk {
            world.reopen(0);
            assert!(world.store.history_named(entity(1), "State", ..).is_err());
        }
    }
}
