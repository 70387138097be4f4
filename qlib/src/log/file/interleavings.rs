//! The group commit under a scheduler that tries interleavings: a step of `cargo xtask test`.

#![allow(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

use std::sync::Arc;

use bytes::Bytes;
use shuttle::sync::Mutex;
use shuttle::thread;

use crate::log::disk::{Disk, Faults, Leaves, Simulated};
use crate::log::file::group::{Group, Place, Sizes};
use crate::log::file::recover::search;
use crate::log::file::{ahead, writer};
use crate::log::frame;
use crate::model::{Error, Revision};

const THREADS: u64 = 3;
const COMMITS: u64 = 3;

/// Bytes of a record: two fill a segment.
const RECORD: usize = 1500;

const SMALL: Sizes = Sizes {
    first: 4096,
    most: 4096,
};

/// The newest revision that is on the disk, whatever was not synced.
fn on_disk(disk: &Simulated) -> Revision {
    let found = disk.after_crash(Leaves::Nothing);
    let mut newest = 0;
    for name in found.list().unwrap() {
        let bytes = Bytes::from(found.bytes(&name));
        for batch in search(&bytes, 0) {
            newest = newest.max(batch.revision + batch.records.len() as u64 - 1);
        }
    }
    newest
}

/// What becomes of one commit.
fn commit(group: &Group, newest: &Mutex<Revision>) -> Result<Revision, Error> {
    let revision = loop {
        let mut newest = newest.lock().unwrap();
        let header = |_| frame::frame(&crate::wire::proto::log::SegmentHeader::default());
        match group.reserve(RECORD, || RECORD, header)? {
            Place::Here | Place::Fresh(..) => {
                *newest += 1;
                let record = crate::wire::proto::log::Record {
                    elapsed: 0,
                    commit: vec![7; RECORD - 100].into(),
                };
                group.push(*newest, |bytes| {
                    prost::encoding::message::encode(2, &record, bytes);
                });
                break *newest;
            }
            Place::After(wait) => {
                drop(newest);
                group.wait_for_room(wait)?;
            }
        }
    };
    group.wait_durable(revision)?;
    Ok(revision)
}

/// Commits on three threads; returns how many were acknowledged.
fn run(faults: Faults) -> u64 {
    let disk = Simulated::with(faults);
    let group = Arc::new(Group::new(0, 1, SMALL));
    let newest = Arc::new(Mutex::new(0));
    let log = [ahead::run, writer::run].map(|run: fn(&dyn Disk, &Group)| {
        let (disk, group) = (disk.clone(), Arc::clone(&group));
        thread::spawn(move || run(&disk, &group))
    });
    let committers: Vec<_> = (0..THREADS)
        .map(|_| {
            let (group, newest, disk) = (Arc::clone(&group), Arc::clone(&newest), disk.clone());
            thread::spawn(move || {
                for done in 0..COMMITS {
                    match commit(&group, &newest) {
                        Ok(revision) => assert!(on_disk(&disk) >= revision),
                        Err(error) => {
                            assert!(group.failure().is_some(), "{error}");
                            return done;
                        }
                    }
                }
                COMMITS
            })
        })
        .collect();
    let acknowledged = committers
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .sum();
    group.close();
    for thread in log {
        thread.join().unwrap();
    }
    acknowledged
}

#[test]
fn each_commit_is_acknowledged_once_it_is_on_the_disk() {
    let check = || assert_eq!(run(Faults::default()), THREADS * COMMITS);
    shuttle::check_random(check, 300);
    shuttle::check_pct(check, 300, 3);
}

#[test]
fn whoever_waits_is_told_when_the_disk_fails() {
    let check = || {
        let acknowledged = run(Faults {
            fail_sync: Some(2),
            ..Faults::default()
        });
        assert!(acknowledged < THREADS * COMMITS);
    };
    shuttle::check_random(check, 300);
    shuttle::check_pct(check, 300, 3);
}
