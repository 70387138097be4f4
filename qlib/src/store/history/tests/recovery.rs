//! Crashes and disks that fail.

use super::*;

/// A world with blocks, open series, held samples, and a series that ended.
fn busy() -> World {
    let mut world = World::new();
    for number in 0..3 {
        world.create(
            entity(number),
            &[("Pressure", 1.0.into()), ("State", "new".into())],
        );
    }
    for round in 0..20_i64 {
        world.advance(millis(400));
        world.write(entity(0), "Pressure", Some((round as f64).into()));
        world.write(entity(1), "Stokes", Some((round / 3).into()));
        world.write(
            entity(1),
            "State",
            (round % 4 > 0).then(|| round.to_string().into()),
        );
        if round == 10 {
            world.commit(Op::Delete(entity(2)));
            world.history().seal_all();
        }
    }
    world
}

#[test]
fn what_was_flushed_outlives_a_crash_and_the_log_gives_the_rest() {
    let mut world = busy();
    assert_eq!(world.history().position(), 0);
    world.flush().unwrap();
    let position = world.store.revision();
    assert_eq!(world.history().position(), position);
    world.advance(millis(2_000));
    world.write(entity(0), "Pressure", Some(99.0.into()));
    // The log was cut where the history says.
    world.log.retain(|(applied, _)| applied.revision > position);
    world.reopen(0);
    world.check();
    assert_eq!(world.history().position(), position);
}

#[test]
fn what_the_log_has_not_yet_does_not_get_to_the_disk() {
    let mut world = busy();
    let revision = world.store.revision();
    let flushed = world.history().flush(world.clock.now(), |asked| {
        assert_eq!(asked, revision);
        false
    });
    assert_eq!(flushed, Ok(false));
    world.reopen(0);
    assert_eq!(world.history().position(), 0);
    world.check();
}

/// What happens after a flush has failed.
#[derive(PartialEq)]
enum End {
    Crash,
    Restart,
    GoesOn,
}

#[test]
fn a_failure_at_each_change_of_the_disk_loses_nothing() {
    let changes = {
        let world = busy();
        world.flush().unwrap();
        world.advance(millis(2_000));
        let before = world.disk.changes();
        world.flush().unwrap();
        world.disk.changes() - before
    };
    assert!(changes > 4);
    for fails in 0..changes {
        let flushed = |end: End| {
            let mut world = busy();
            world.flush().unwrap();
            world.write(entity(0), "Pressure", Some(50.0.into()));
            world.history().seal_all();
            world.disk.fail_after(Some(fails));
            let outcome = world.flush();
            assert!(matches!(outcome, Err(LogError::Io { .. })), "{fails}");
            world.check();
            if end == End::GoesOn {
                world.disk.fail_after(None);
                world.write(entity(0), "Pressure", Some(60.0.into()));
                world.history().seal_all();
                world.flush().unwrap();
                world.check();
                let position = world.history().position();
                world.log.retain(|(applied, _)| applied.revision > position);
            }
            match end {
                End::Restart => world.restart(0),
                End::Crash | End::GoesOn => world.reopen(0),
            }
            world.check();
            assert!(world.history().damage().is_empty(), "{fails}");
            world.flush().unwrap();
            world.reopen(0);
            world.check();
        };
        flushed(End::Crash);
        flushed(End::Restart);
        flushed(End::GoesOn);
    }
}

#[test]
fn fields_are_known_by_their_names_after_a_restart() {
    let mut world = busy();
    world.flush().unwrap();
    // The next process gives the fields other numbers: another type comes first.
    let before = world.say(entity(0), "Pressure");
    let store = Store::memory_with(world.clock.clone(), WindowLimits::default()).unwrap();
    let mut feeder = History::open(Arc::new(world.disk.crashed()), world.limits).unwrap();
    let valve =
        Schema::new("Valve").field("Open", FieldSchema::new(Kind::Bool).history(policy("")));
    for schema in [valve, boiler()] {
        let op = Op::SetSchema(Box::new(schema));
        store.submit_checked(smallvec![op], Vec::new()).unwrap();
    }
    feeder.replayed(store.view().tree());
    store.shared().change(|core| core.feeder = feeder).unwrap();
    world.store = store;
    // The entity itself is not in this store, which is as if it were deleted.
    assert_eq!(world.say(entity(0), "Pressure"), before);
}

#[test]
fn a_store_without_histories_has_no_files() {
    let world = World::with(HistoryLimits::default(), Schema::new("Boiler"));
    world.flush().unwrap();
    assert_eq!(world.disk.changes(), 0);
    assert_eq!(world.history().position(), world.store.revision());
}
