//! Snapshots, what they make needless, and restores.

use super::*;
use crate::log::Disk;

fn names(disk: &Simulated, suffix: &str) -> Vec<String> {
    let mut names = disk.list().unwrap();
    names.retain(|name| name.ends_with(suffix));
    names
}

/// A store that wrote snapshots beside the script and was closed, on its disk.
pub(super) fn checkpointed() -> Simulated {
    let disk = Simulated::default();
    let store = open_with_snapshots(&disk).unwrap();
    for number in 0..=COMMITS {
        if number == 0 {
            declare(&store).unwrap();
        } else {
            commit(&store, number).unwrap();
        }
        // Each snapshot that is begun is finished before the next one is due.
        store.shared.read().checkpoints.as_ref().unwrap().wait();
    }
    assert_eq!(store.health().snapshot_failure, None);
    store.close().unwrap();
    disk
}

#[test]
fn an_opening_needs_the_newest_snapshot_and_what_follows() {
    let disk = checkpointed();
    let snapshots = names(&disk, ".snapshot");
    assert!(snapshots.len() >= 2, "{snapshots:?}");
    // The first files of the log went with the snapshots before these.
    assert!(disk.open("0000000001.log").is_err());
    let store = open(&disk).unwrap();
    assert_eq!(must_be_a_moment_of_the_script(&store), COMMITS + 2);
    assert!(store.health().damaged_snapshots.is_empty());
    let window = store.shared.read().window.first();
    let newest = format!("{:020}.snapshot", window - 1);
    assert_eq!(
        snapshots.last(),
        Some(&newest),
        "nothing before it was read"
    );
}

#[test]
fn a_damaged_snapshot_leaves_the_one_before_it() {
    let disk = checkpointed();
    let snapshots = names(&disk, ".snapshot");
    let [.., older, newest] = &snapshots[..] else {
        panic!("too few snapshots");
    };
    let whole = disk.bytes(newest);
    for at in (0..whole.len()).step_by(31) {
        for truncates in [true, false] {
            let mut bytes = whole.clone();
            if truncates {
                bytes.truncate(at);
            } else {
                bytes[at] ^= 4;
            }
            let damaged = disk.after_crash(Leaves::All);
            damaged.set_bytes(newest, bytes);
            let store = open(&damaged).unwrap();
            assert_eq!(must_be_a_moment_of_the_script(&store), COMMITS + 2);
            let told = store.health().damaged_snapshots;
            assert_eq!(told.len(), 1, "{told:?}");
            let first = store.shared.read().window.first();
            assert_eq!(*older, format!("{:020}.snapshot", first - 1));
        }
    }
    // Without any, the log alone is not enough, and says so.
    for name in names(&disk, ".snapshot") {
        disk.set_bytes(&name, whole[..40].to_vec());
    }
    let error = open(&disk).unwrap_err().to_string();
    assert!(error.contains("a file is missing"), "{error}");
    assert!(error.contains("the snapshot of revision"), "{error}");
}

#[test]
fn a_log_that_ends_before_its_snapshot_is_damage() {
    let disk = checkpointed();
    let newest = names(&disk, ".snapshot").pop().unwrap();
    let revision: Revision = newest.trim_end_matches(".snapshot").parse().unwrap();
    for name in names(&disk, ".log").iter().rev() {
        let damaged = disk.after_crash(Leaves::All);
        let later = names(&damaged, ".log");
        for later in later.iter().filter(|later| *later >= name) {
            damaged.remove(later).unwrap();
        }
        match open(&damaged) {
            // It was cut behind the snapshot, at the end of a file: nobody can know.
            Ok(store) => assert!(store.revision() >= revision),
            Err(error) => assert!(error.to_string().contains("goes beyond it"), "{error}"),
        }
    }
}

#[test]
fn disk_use_stays_bounded() {
    let disk = Simulated::default();
    let store = open_with_snapshots(&disk).unwrap();
    declare(&store).unwrap();
    commit(&store, 1).unwrap();
    let mut most = 0;
    for number in 0..3000 {
        let set = store.transaction(|tx| tx.set_value(device(0), "Status", Value::Int(number)));
        drop(set);
        store.shared.read().checkpoints.as_ref().unwrap().wait();
        let names = disk.list().unwrap();
        let bytes = names.iter().map(|name| disk.bytes(name).len());
        most = most.max(bytes.sum());
    }
    // The log that is kept, two files of it in use, and the snapshots between.
    assert!(most < 60_000, "{most} bytes");
    assert!(most > 8192, "{most} bytes");
}

#[test]
fn a_restore_outlives_the_process() {
    let disk = Simulated::default();
    let store = open(&disk).unwrap();
    let room = Schema::new("Room").field("Floor", Kind::Int);
    block_on(store.set_schema(room)).unwrap();
    let make = |name: &str| {
        let made = store.transaction(|tx| {
            tx.create_named(EntityId::ROOT, name, "Room", [("Floor", Value::Int(1))])
        });
        block_on(made).unwrap()
    };
    let hall = make("Hall");
    let mut backup = Vec::new();
    store.backup(&mut backup).unwrap();
    let gone = make("Gone");
    block_on(store.restore(&*backup).unwrap()).unwrap();
    make("Late");
    let image = store.create_snapshot().image();
    assert!(store.exists(hall) && !store.exists(gone));
    store.close().unwrap();
    let again = open(&disk).unwrap();
    assert_eq!(again.create_snapshot().image(), image);
    assert_eq!(again.shared.read().log.end().epoch, 2);
}

#[test]
fn a_disk_that_is_full_restores_nothing() {
    let disk = Simulated::default();
    let store = open(&disk).unwrap();
    let before = store.create_snapshot();
    disk.set_faults(Faults {
        capacity: Some(0),
        ..Faults::default()
    });
    let refused = block_on(store.restore_snapshot(&before));
    assert!(matches!(refused, Err(Error::StoreFull(_))), "{refused:?}");
    assert_eq!(store.revision(), before.revision());
    disk.set_faults(Faults::default());
    block_on(store.restore_snapshot(&before)).unwrap();
}

#[test]
fn the_log_is_read_as_far_back_as_it_is_kept() {
    let disk = Simulated::default();
    let store = open_with_snapshots(&disk).unwrap();
    declare(&store).unwrap();
    for number in 1..=COMMITS {
        commit(&store, number).unwrap();
        store.shared.read().checkpoints.as_ref().unwrap().wait();
    }
    let Err(Error::OutOfReach { oldest, .. }) = store.read_log(1, |_, _| ()) else {
        panic!("the script leaves files of the log behind that go");
    };
    let mut revisions = Vec::new();
    let read = store.read_log(oldest + 1, |commit, tree| {
        assert_eq!(tree.image(), IMAGES[commit.revision as usize]);
        revisions.push(commit.revision);
    });
    read.unwrap();
    assert!(revisions.iter().copied().eq(oldest + 1..=COMMITS + 2));
    assert!(revisions.len() > 50, "{oldest}");
    // As the one in memory, as far as that reaches.
    let memory = Store::memory().unwrap();
    block_on(memory.set_schema(Schema::new("Room"))).unwrap();
    let mut seen = 0;
    memory
        .read_log(2, |_, tree| seen = tree.revision())
        .unwrap();
    assert_eq!(seen, 2);
}
