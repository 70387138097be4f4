//! Those who read the log while it is written, and the store as it was long ago.

use super::*;
use crate::log::{Disk, End, LogReader};
use crate::model::LogError;
use crate::store::replay::TreeReplay;

/// Reads on up to a revision, one commit at a time, and holds each tree against the script.
fn follow(log: &mut LogReader, replay: &mut TreeReplay<'_>, until: Revision) {
    while log.end().revision < until {
        let next = log.end().revision + 1;
        log.read(replay.disk, next, replay).unwrap();
        assert_eq!(replay.tree.image(), IMAGES[next as usize]);
    }
}

fn replay(disk: &Simulated) -> TreeReplay<'_> {
    TreeReplay {
        tree: Tree::default(),
        disk,
    }
}

#[test]
fn a_reader_follows_the_writer_from_segment_to_segment() {
    let disk = Simulated::default();
    let store = open(&disk).unwrap();
    let group = Arc::clone(store.shared.group.get().unwrap());
    let (mut log, mut replay) = (LogReader::new(End::START), replay(&disk));
    for number in 0..=COMMITS {
        if number == 0 {
            declare(&store).unwrap();
        } else {
            commit(&store, number).unwrap();
        }
        if number % 7 == 3 {
            group.wait_durable(store.revision()).unwrap();
            // Up to what is durable, which may lie inside of a batch that is read in part.
            follow(&mut log, &mut replay, store.revision() - number % 2);
        }
    }
    store.close().unwrap();
    follow(&mut log, &mut replay, store.revision());
    assert_eq!(log.end(), store.shared.read().log.end());
    // Another process goes on in segments of its own.
    let again = open(&disk).unwrap();
    let set = again.transaction(|tx| tx.set_value(device(19), "Status", Value::Int(1)));
    block_on(set).unwrap();
    log.read(&disk, again.revision(), &mut replay).unwrap();
    assert_eq!(replay.tree.image(), again.create_snapshot().image());
}

#[test]
fn a_reader_begins_anywhere() {
    let disk = closed();
    let mut ends = vec![End::START];
    let mut log = LogReader::new(End::START);
    let mut replay = replay(&disk);
    for revision in 1..=COMMITS + 2 {
        log.read(&disk, revision, &mut replay).unwrap();
        ends.push(log.end());
    }
    for from in (0..=COMMITS as usize).step_by(13) {
        let tree = open(&disk).unwrap().at(from.max(1) as Revision).unwrap();
        let tree = match from {
            0 => Tree::default(),
            _ => tree.tree().clone(),
        };
        let mut replay = TreeReplay { tree, disk: &disk };
        let mut log = LogReader::new(ends[from]);
        follow(&mut log, &mut replay, COMMITS + 2);
        assert_eq!(log.end(), ends[COMMITS as usize + 2]);
    }
}

#[test]
fn a_reader_is_told_what_is_wrong() {
    let disk = closed();
    // There is no more than was written.
    let (mut log, mut all) = (LogReader::new(End::START), replay(&disk));
    let beyond = log.read(&disk, COMMITS + 3, &mut all).unwrap_err();
    assert!(matches!(beyond, LogError::Damaged { .. }), "{beyond}");
    // What it continues is of another log.
    let from = End {
        revision: 50,
        chain: 7,
        ..End::START
    };
    let (mut log, mut other) = (LogReader::new(from), replay(&disk));
    let other = log.read(&disk, 51, &mut other).unwrap_err();
    assert!(other.to_string().contains("of another log"), "{other}");
    // The first file was removed.
    disk.remove("0000000001.log").unwrap();
    let (mut log, mut early) = (LogReader::new(End::START), replay(&disk));
    let early = log.read(&disk, 1, &mut early).unwrap_err();
    assert!(
        matches!(early, LogError::BeyondRetention { revision: 0, first } if first > 1),
        "{early}"
    );
}

#[test]
fn a_reader_that_retention_passes_is_told() {
    let disk = Simulated::default();
    let store = open_with_snapshots(&disk).unwrap();
    let (mut log, mut replay) = (LogReader::new(End::START), replay(&disk));
    declare(&store).unwrap();
    let group = Arc::clone(store.shared.group.get().unwrap());
    group.wait_durable(2).unwrap();
    follow(&mut log, &mut replay, 2);
    for number in 1..=COMMITS {
        commit(&store, number).unwrap();
        store.shared.read().checkpoints.as_ref().unwrap().wait();
    }
    group.wait_durable(store.revision()).unwrap();
    let passed = log.read(&disk, store.revision(), &mut replay).unwrap_err();
    assert!(
        matches!(passed, LogError::BeyondRetention { revision, .. } if revision >= 2),
        "{passed}"
    );
}

#[test]
fn the_store_as_it_was_reaches_as_far_back_as_retention() {
    let disk = Simulated::default();
    let tiny = || options().window(commits(3)).snapshot_every(2000);
    let store = tiny().open_disk(Arc::new(disk.clone())).unwrap();
    run(&store);
    let newest = store.revision();
    let must_reach = |store: &Store, oldest: Revision| {
        for revision in oldest..=newest {
            let image = store.at(revision).unwrap().image();
            assert_eq!(image, IMAGES[revision as usize], "revision {revision}");
        }
    };
    must_reach(&store, 1);
    store.close().unwrap();
    // Without its disk it knows the window only.
    assert!(matches!(store.at(1), Err(Error::OutOfReach { .. })));
    must_reach(&tiny().open_disk(Arc::new(disk.clone())).unwrap(), 1);

    let disk = Simulated::default();
    let store = open_with_snapshots(&disk).unwrap();
    for number in 0..=COMMITS {
        if number == 0 {
            declare(&store).unwrap();
        } else {
            commit(&store, number).unwrap();
        }
        store.shared.read().checkpoints.as_ref().unwrap().wait();
    }
    store.close().unwrap();
    let store = tiny().open_disk(Arc::new(disk.clone())).unwrap();
    let Err(Error::OutOfReach { oldest, newest, .. }) = store.at(1) else {
        panic!("retention kept all");
    };
    assert!(oldest > 1 && newest == COMMITS + 2);
    must_reach(&store, oldest);
    assert!(store.at(oldest - 1).is_err());
    let future = store.at(newest + 1);
    assert!(matches!(future, Err(Error::OutOfReach { .. })));
}
