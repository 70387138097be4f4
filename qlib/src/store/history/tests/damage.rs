//! Files that are not as they were written.

use super::*;
use crate::log::disk::Disk;

/// A disk with files that have an index, one that has none, and a mark.
fn written() -> World {
    let limits = HistoryLimits {
        disk: 64 << 10,
        ..HistoryLimits::default()
    };
    let mut world = World::with(limits, boiler());
    world.create(entity(0), &[("Pressure", 1.0.into())]);
    for round in 0..400_i64 {
        world.advance(millis(1_000));
        world.write(entity(0), "Pressure", Some((round as f64).into()));
        if round % 8 == 0 {
            world.write(entity(0), "State", Some(round.to_string().into()));
            world.history().seal_all();
        }
        if round % 100 == 0 {
            world.flush().unwrap();
        }
    }
    world.flush().unwrap();
    world
}

/// What is there is true, and where something is missing the reports say so.
fn check(world: &World) {
    let damaged = !world.history().damage().is_empty();
    for field in FIELDS {
        let expected = world.model.samples(entity(0), field);
        let found = match world.store.history_named(entity(0), field, ..) {
            Ok(query) => query.all().unwrap().samples,
            Err(error) => panic!("{error}"),
        };
        // Only reading a block shows that it is damaged.
        let damaged = damaged || !world.history().damage().is_empty();
        if found != expected {
            assert!(damaged, "{field}");
            let raw = world.model.raw(entity(0), field);
            assert!(found.iter().all(|sample| raw.contains(sample)));
            assert!(found.is_sorted_by_key(|sample| sample.revision));
        }
    }
    // It goes on.
    world.flush().unwrap();
}

#[test]
fn each_damage_is_reported_and_the_rest_stays_readable() {
    let mut world = written();
    let intact = world.disk.crashed();
    let names = intact.list().unwrap();
    let indexed = |name: &&String| {
        let bytes = intact.read(name);
        let footer = bytes.len().saturating_sub(19);
        crate::log::frame::read(&bytes.into(), footer).is_some()
    };
    assert_eq!(names.len(), 4, "{names:?}");
    assert_eq!(names.iter().filter(indexed).count(), 2);
    let mut most = 0;
    for name in names {
        let bytes = intact.read(&name);
        for at in (0..bytes.len()).step_by(41) {
            for cut in [false, true] {
                world.disk = intact.crashed();
                world.disk.damage(&name, |bytes| match cut {
                    true => bytes.truncate(at),
                    false => bytes[at] ^= 0x10,
                });
                let disk = world.disk.clone();
                let mut feeder = History::open(Arc::new(disk), world.limits).unwrap();
                let position = feeder.history().position();
                for (applied, tree) in &world.log {
                    if applied.revision > position {
                        feeder.feed(applied, tree);
                    }
                }
                feeder.replayed(world.store.view().tree());
                world
                    .store
                    .shared()
                    .change(|core| core.feeder = feeder)
                    .unwrap();
                check(&world);
                let found = world.query(entity(0), "Pressure").all().unwrap();
                most = most.max(found.samples.len());
                if !cut {
                    assert!(
                        found.samples.len() > 300,
                        "{name} {at}: most is still there"
                    );
                }
            }
        }
    }
    assert!(most > 390);
}

#[test]
fn a_report_says_where_the_damage_is() {
    let mut world = written();
    world
        .disk
        .damage("history-00000001", |bytes| bytes[100] ^= 1);
    world
        .store
        .shared()
        .change(|core| {
            core.feeder = History::open(Arc::new(world.disk.clone()), world.limits).unwrap();
            let tree = core.tree.clone();
            core.feeder.replayed(&tree);
        })
        .unwrap();
    for _ in 0..2 {
        world.say(entity(0), "Pressure");
        world.say(entity(0), "State");
    }
    let damage = world.store.history_damage();
    assert_eq!(damage.len(), 1);
    assert_eq!(damage[0].file, "history-00000001");
    assert!(
        (damage[0].offset..damage[0].offset + 200).contains(&100),
        "{damage:?}"
    );
    world.disk = MemoryDisk::default();
}

#[test]
fn a_mark_of_a_newer_version_is_left_alone() {
    let world = written();
    // The version is the first field of the first message: frame, entry, mark, then `08 01`.
    world.disk.damage("history-mark", |bytes| {
        let length = u32::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
        let message = 8..8 + length;
        let at = bytes[message.clone()]
            .windows(2)
            .position(|two| two == [8, 1])
            .unwrap();
        bytes[8 + at + 1] = 2;
        crate::log::frame::finish(&mut bytes[..message.end]);
    });
    let feeder = History::open(Arc::new(world.disk.clone()), world.limits).unwrap();
    let damage = feeder.history().damage();
    assert_eq!(
        &*damage[0].reason,
        "its format has version 2, this one is 1"
    );
}
