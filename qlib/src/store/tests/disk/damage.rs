//! Bits that flip and files that are cut short.

use super::snapshots::checkpointed;
use super::*;
use crate::log::Disk;
use crate::model::LogError;
use crate::store::repair::Salvage;

/// What became of an opening.
#[derive(Debug)]
pub(super) enum Found {
    Whole,
    Cut,
    Refused,
}

pub(super) fn reopen(disk: &Simulated, options: StoreOptions, what: &str) -> Found {
    match options.open_disk(Arc::new(disk.clone())) {
        Ok(store) => {
            let revision = must_be_a_moment_of_the_script(&store);
            match store.health().cut {
                _ if revision == COMMITS + 2 => Found::Whole,
                Some(cut) => {
                    assert_eq!(cut.first, revision + 1, "{what}");
                    assert!(cut.last >= cut.first, "{what}");
                    Found::Cut
                }
                None => panic!("{what}: revision {revision}, without a word"),
            }
        }
        Err(Error::Log(LogError::Damaged { file, .. })) => {
            assert!(what.contains(&*file), "{what}: said of {file}");
            must_be_repaired(disk, what);
            Found::Refused
        }
        Err(Error::Log(LogError::NewerVersion { .. })) => Found::Refused,
        Err(other) => panic!("{what}: {other}"),
    }
}

/// A damaged store becomes one of a moment of the script, and goes on from there. Returns which.
fn must_be_repaired(disk: &Simulated, what: &str) -> Revision {
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let salvage = Salvage::read(&shared).unwrap();
    let kept = salvage.end.revision;
    salvage.write(&shared).unwrap();
    let store = open(disk).unwrap_or_else(|error| panic!("{what}: {error}"));
    let health = store.health();
    assert_eq!((health.cut, health.damaged_snapshots.len()), (None, 0));
    // What cannot be had at all is begun anew.
    let image = &IMAGES[kept.max(1) as usize];
    assert!(store.create_snapshot().image() == *image, "{what}");
    assert!(store.revision() > kept, "{what}");
    store.close().unwrap();
    kept
}

/// Damages each file in many places; `allowed` says whether an outcome is.
fn damage(disk: &Simulated, allowed: impl Fn(&Found) -> bool) -> [usize; 3] {
    let mut counts = [0; 3];
    let mut seed = 7_u64;
    for name in disk.list().unwrap() {
        let whole = disk.bytes(&name);
        let Some(last) = whole.iter().rposition(|byte| *byte != 0) else {
            // What is published is not synced.
            continue;
        };
        let used = last + 1;
        for round in 0..300 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = (seed >> 33) as usize % used;
            let mut bytes = whole.clone();
            let truncates = round % 3 == 0;
            if truncates {
                bytes.truncate(at);
            } else {
                bytes[at] ^= 1 << (seed >> 30 & 7);
            }
            let damaged = disk.after_crash(Leaves::All);
            damaged.set_bytes(&name, bytes);
            let what = format!("{name} at {at}, truncated: {truncates}");
            let found = reopen(&damaged, options(), &what);
            assert!(allowed(&found), "{what}: {found:?}");
            counts[match found {
                Found::Whole => 0,
                Found::Cut => 1,
                Found::Refused => 2,
            }] += 1;
        }
    }
    counts
}

#[test]
fn damage_in_a_store_that_was_closed_is_said_or_does_no_harm() {
    let [_, _, refused] = damage(&closed(), |found| !matches!(found, Found::Cut));
    assert!(refused > 500, "{refused}");
}

#[test]
fn damage_in_a_store_that_was_not_closed_is_said_or_cut_with_a_word() {
    let disk = Simulated::default();
    let store = open(&disk).unwrap();
    run(&store);
    let open = disk.after_crash(Leaves::Nothing);
    let last = open
        .list()
        .unwrap()
        .into_iter()
        .rfind(|name| name.ends_with(".log"));
    let others = open.after_crash(Leaves::All);
    for name in others.list().unwrap() {
        if name.ends_with(".new") {
            others.remove(&name).unwrap();
        }
    }
    let [_, cut, refused] = damage(&others, |_| true);
    assert!(refused > 500, "{refused}");
    assert!(cut > 0, "{last:?} has a last batch");
}

/// A store that nothing was restored to, so that there is no snapshot, on its disk.
fn without_snapshots() -> Simulated {
    let disk = Simulated::default();
    let store = open(&disk).unwrap();
    declare(&store).unwrap();
    commit(&store, 1).unwrap();
    for number in 0..900 {
        drop(store.transaction(|tx| tx.set_value(device(0), "Status", Value::Int(number))));
    }
    store.close().unwrap();
    disk
}

#[test]
fn a_file_that_is_missing_is_damage() {
    let disk = without_snapshots();
    let mut names = disk.list().unwrap();
    names.retain(|name| name.ends_with(".log"));
    assert!(names.len() > 3, "{names:?}");
    for name in &names[..names.len() - 1] {
        let damaged = disk.after_crash(Leaves::All);
        damaged.remove(name).unwrap();
        let error = open(&damaged).unwrap_err();
        assert!(
            matches!(error, Error::Log(LogError::Damaged { .. })),
            "{error}"
        );
        assert!(error.to_string().contains("a file is missing"), "{error}");
    }
}

/// Writes in the file `durable` that the log is on the disk up to a revision.
fn say_durable(disk: &Simulated, revision: Revision) {
    let message = [&[9][..], &revision.to_le_bytes()].concat();
    let length = (message.len() as u32).to_le_bytes();
    let sum = crc32c::crc32c_append(crc32c::crc32c(&length), &message);
    let frame = [&length[..], &sum.to_le_bytes(), &message].concat();
    assert_eq!(frame.len(), disk.bytes("durable").len());
    disk.set_bytes("durable", frame);
}

#[test]
fn a_tail_is_cut_above_what_was_on_the_disk_and_damage_below() {
    let disk = Simulated::default();
    let store = open(&disk).unwrap();
    run(&store);
    let whole = disk.after_crash(Leaves::All);
    let names = whole.list().unwrap();
    let last = names.iter().rfind(|name| name.ends_with(".log")).unwrap();
    let bytes = whole.bytes(last);
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let [mut cuts, mut damages] = [0_u64; 2];
    for kept in (1..used).step_by(23) {
        let torn = whole.after_crash(Leaves::All);
        let mut bytes = bytes.clone();
        bytes[kept..].fill(0);
        torn.set_bytes(last, bytes);
        // How far the log goes, if nothing is said of how far it went.
        let unsaid = torn.after_crash(Leaves::All);
        unsaid.remove("durable").unwrap();
        let end = open(&unsaid).unwrap().revision();
        for said in [end - 1, end, end + 1, COMMITS + 2] {
            let found = torn.after_crash(Leaves::All);
            say_durable(&found, said);
            let what = format!("{last} up to {kept}, {said} was on the disk");
            match open(&found) {
                Ok(store) if said <= end => {
                    assert_eq!(must_be_a_moment_of_the_script(&store), end, "{what}");
                    cuts += u64::from(store.health().cut.is_some());
                }
                Err(Error::Log(error @ LogError::Damaged { first, .. })) if said > end => {
                    assert_eq!(first, end + 1, "{what}");
                    let missing = format!("revisions {first} to {said} were on the disk");
                    assert!(error.to_string().contains(&missing), "{what}: {error}");
                    assert_eq!(must_be_repaired(&found, &what), end, "{what}");
                    damages += 1;
                }
                found => panic!("{what}: {found:?}"),
            }
        }
    }
    assert!(cuts > 50 && damages > 50, "{cuts} cuts, {damages} damages");

    // The whole file is gone, behind one that was sealed; or what is said is garbled.
    let gone = whole.after_crash(Leaves::All);
    gone.remove(last).unwrap();
    let Err(Error::Log(error @ LogError::Damaged { first, .. })) = open(&gone) else {
        panic!("a file is missing");
    };
    let missing = format!("revisions {first} to {} were on the disk", COMMITS + 2);
    assert!(error.to_string().contains(&missing), "{error}");
    for garbled in [vec![], vec![0; 17], bytes[..17].to_vec(), vec![1; 5]] {
        let disk = gone.after_crash(Leaves::All);
        disk.set_bytes("durable", garbled);
        assert_eq!(open(&disk).unwrap().revision(), first - 1);
    }
    assert_eq!(must_be_repaired(&gone, "a file is missing"), first - 1);
}

#[test]
fn a_newer_version_says_which_program_to_update() {
    let disk = without_snapshots();
    let name = disk.list().unwrap().remove(0);
    let mut bytes = disk.bytes(&name);
    // The version is the first field of the first message.
    assert_eq!(bytes[8..10], [8, 1]);
    bytes[9] = 2;
    let length: usize = bytes[0].into();
    let sum = crc32c::crc32c_append(crc32c::crc32c(&bytes[..4]), &bytes[8..8 + length]);
    bytes[4..8].copy_from_slice(&sum.to_le_bytes());
    disk.set_bytes(&name, bytes);
    let error = open(&disk).unwrap_err();
    let said = "0000000001.log is in version 2 of the format, and this program knows versions up to 1; update it";
    assert_eq!(error.to_string(), said);
}

#[test]
fn a_repair_keeps_all_that_can_be_read() {
    // Only the seal of a file is damaged: all commits are there.
    let disk = without_snapshots();
    let image = open(&disk).unwrap().create_snapshot().image();
    let first = disk.list().unwrap().remove(0);
    let mut bytes = disk.bytes(&first);
    *bytes.last_mut().unwrap() ^= 1;
    disk.set_bytes(&first, bytes);
    assert!(open(&disk).is_err());
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let salvage = Salvage::read(&shared).unwrap();
    assert_eq!(salvage.end.revision, salvage.newest);
    salvage.write(&shared).unwrap();
    assert_eq!(open(&disk).unwrap().create_snapshot().image(), image);

    // The log is damaged before a snapshot, which is good.
    let disk = checkpointed();
    let names = disk.list().unwrap();
    let newest = names.iter().rfind(|name| name.ends_with(".snapshot"));
    let newest: Revision = newest.unwrap()[..20].parse().unwrap();
    for name in names.iter().filter(|name| name.ends_with(".log")) {
        let mut bytes = disk.bytes(name);
        bytes[100] ^= 1;
        disk.set_bytes(name, bytes);
    }
    assert!(open(&disk).is_err());
    assert_eq!(must_be_repaired(&disk, "all of the log"), newest);
    let store = open(&disk).unwrap();
    block_on(store.set_schema(Schema::new("Late"))).unwrap();
    let image = store.create_snapshot().image();
    store.close().unwrap();
    assert_eq!(open(&disk).unwrap().create_snapshot().image(), image);
}

#[test]
fn a_repair_names_what_is_lost_and_can_be_interrupted() {
    let damaged = closed();
    let names = damaged.list().unwrap();
    let last = names.iter().rfind(|name| name.ends_with(".log")).unwrap();
    let mut bytes = damaged.bytes(last);
    bytes[1000] ^= 1;
    damaged.set_bytes(last, bytes);
    for crash_at in 1.. {
        let disk = damaged.after_crash(Leaves::All);
        disk.set_faults(Faults {
            crash_at: Some(crash_at),
            ..Faults::default()
        });
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let salvage = Salvage::read(&shared).unwrap();
        let kept = salvage.end.revision;
        assert!(kept > 2 && salvage.newest == COMMITS + 2);
        if salvage.write(&shared).is_ok() {
            assert!(crash_at > 8);
            return;
        }
        for leaves in [Leaves::Nothing, Leaves::All, Leaves::Some(crash_at)] {
            let found = disk.after_crash(leaves);
            match open(&found) {
                Ok(store) => assert_eq!(store.create_snapshot().image(), IMAGES[kept as usize]),
                Err(_) => {
                    let shared: Arc<dyn Disk> = Arc::new(found.clone());
                    Salvage::read(&shared).unwrap().write(&shared).unwrap();
                    let store = open(&found).unwrap();
                    assert_eq!(store.create_snapshot().image(), IMAGES[kept as usize]);
                }
            }
        }
    }
}

#[test]
fn a_store_whose_files_are_gone_is_not_begun_anew() {
    let disk = Simulated::default();
    let store = open(&disk).unwrap();
    let newest = run(&store);
    store.close().unwrap();
    for name in disk.list().unwrap() {
        if name != "durable" {
            disk.remove(&name).unwrap();
        }
    }
    let error = open(&disk).unwrap_err().to_string();
    assert!(
        error.contains(&format!("revisions 1 to {newest} were on the disk")),
        "{error}"
    );
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let salvage = Salvage::read(&shared).unwrap();
    assert_eq!((salvage.end.revision, salvage.newest), (0, newest));
    salvage.write(&shared).unwrap();
    assert!(open(&disk).unwrap().revision() > newest);
}
