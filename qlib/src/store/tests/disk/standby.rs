//! A second store on the same directory: what it sees, and how it takes over.

use tempfile::TempDir;

use super::*;

fn folder() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = on(&folder, |options| options);
    declare(&store).unwrap();
    commit(&store, 1).unwrap();
    block_on(store.durable()).unwrap();
    (folder, store)
}

fn on(folder: &TempDir, describe: impl FnOnce(StoreOptions) -> StoreOptions) -> Store {
    describe(options()).open(folder.path()).unwrap()
}

fn status(store: &Store, value: i64) -> CommitFuture {
    store.transaction(|tx| tx.set_value(device(0), "Status", Value::Int(value)))
}

/// Waits until a reader has told of a value, and holds each change against the one before it.
async fn read_to(changes: &mut Subscription, from: i64, to: i64) {
    for expected in from..=to {
        match changes.next().await {
            Event::Change(change) => {
                assert_eq!(change.current(), Some(ValueRef::Int(expected)));
                assert_eq!(change.previous(), Some(ValueRef::Int(expected - 1)));
            }
            other => panic!("{other:?} instead of {expected}"),
        }
    }
}

#[test]
fn a_standby_sees_what_is_durable_and_refuses_commits() {
    let (folder, writer) = folder();
    let standby = on(&folder, StoreOptions::standby);
    let mut changes = standby.subscribe_named("Device", "Status").start().unwrap();
    block_on(async {
        for value in 1..=50 {
            status(&writer, value).await.unwrap();
        }
        read_to(&mut changes, 1, 50).await;
        let refused = status(&standby, 99).await.unwrap_err();
        let Error::NotWriter { writer: process } = &refused else {
            panic!("{refused}");
        };
        assert_eq!(**process, *format!("process {}", std::process::id()));
        assert_eq!(standby.health().writer.as_ref(), Some(process));
        let restored = standby.restore_snapshot(&standby.create_snapshot()).await;
        assert!(matches!(restored, Err(Error::NotWriter { .. })));

        // Restores, types and what the tree was come too.
        let before = writer.create_snapshot();
        status(&writer, 51).await.unwrap();
        writer.restore_snapshot(&before).await.unwrap();
        writer.set_schema(Schema::new("Late")).await.unwrap();
        let mut schemas = standby.subscribe_schemas().initial().start().unwrap();
        while standby.schema("Late").is_err() {
            schemas.next().await;
        }
        assert_eq!(
            standby.create_snapshot().image(),
            writer.create_snapshot().image()
        );
        let revision = writer.revision();
        assert_eq!(standby.health().durable, revision);
        for at in [revision, revision - 1, 20] {
            let [here, there] = [&standby, &writer].map(|store| store.at(at).unwrap().image());
            assert!(here == there, "revision {at}");
        }
    });
    standby.close().unwrap();
    assert_eq!(block_on(standby.writer()), Err(Error::Closed));
    block_on(status(&writer, 60)).unwrap();
}

#[test]
fn a_standby_takes_over_in_place_again_and_again() {
    let (folder, mut writer) = folder();
    let mut last = 0;
    for round in 0..6 {
        let standby = on(&folder, StoreOptions::standby);
        let mut changes = standby.subscribe_named("Device", "Status").start().unwrap();
        let after = standby.subscribe_named("Device", "Status").after_durable();
        let mut after = after.start().unwrap();
        let begun = last;
        block_on(async {
            for _ in 0..20 {
                last += 1;
                status(&writer, last).await.unwrap();
            }
            if round % 2 == 0 {
                writer.close().unwrap();
            } else {
                // What is still in memory is written when the last handle goes.
                last += 1;
                drop(status(&writer, last));
                writer = Store::memory().unwrap();
            }
            standby.writer().await.unwrap();
            assert_eq!(standby.health().writer, None);
            for _ in 0..5 {
                last += 1;
                status(&standby, last).await.unwrap();
            }
            read_to(&mut changes, begun + 1, last).await;
            read_to(&mut after, begun + 1, last).await;
            assert!(changes.try_next().is_none());
        });
        writer = standby;
    }
    let image = writer.create_snapshot().image();
    writer.close().unwrap();
    let again = on(&folder, |options| options);
    assert_eq!(again.create_snapshot().image(), image);
}

#[test]
fn one_that_only_reads_never_takes_over() {
    let (folder, writer) = folder();
    let reader = on(&folder, StoreOptions::read_only);
    writer.close().unwrap();
    let next = on(&folder, |options| options);
    let mut changes = reader.subscribe_named("Device", "Status").start().unwrap();
    block_on(async {
        status(&next, 1).await.unwrap();
        read_to(&mut changes, 1, 1).await;
        assert!(status(&reader, 2).await.is_err());
    });
    // Without any other, what was published last is read.
    next.close().unwrap();
    let alone = on(&folder, StoreOptions::read_only);
    assert_eq!(alone.revision(), next.revision());
    let empty = tempfile::tempdir().unwrap();
    let missing = Store::options().read_only().open(empty.path());
    assert!(matches!(
        missing,
        Err(Error::Log(crate::model::LogError::Missing { .. }))
    ));
}

#[test]
fn one_that_reads_alone_sees_what_an_opening_would_and_changes_nothing() {
    let (folder, writer) = folder();
    writer.close().unwrap();
    let files = || {
        let entries = std::fs::read_dir(folder.path()).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect::<std::collections::BTreeMap<_, _>>()
    };
    let read = || {
        let before = files();
        let read = options().read_only().open(folder.path());
        assert!(files() == before, "something was changed");
        read
    };
    // After the power was off, nothing may say how far the log is on the disk.
    std::fs::remove_file(folder.path().join("durable")).unwrap();
    assert_eq!(read().unwrap().revision(), writer.revision());
    // A process ended in the middle of a write.
    let log = files()
        .into_keys()
        .rfind(|path| path.extension() == Some("log".as_ref()));
    let log = log.unwrap();
    let whole = std::fs::read(&log).unwrap();
    let torn = &whole[..whole.len() - 40];
    std::fs::write(&log, [torn, &[0; 4096]].concat()).unwrap();
    let cut = read().unwrap();
    let health = cut.health();
    assert_eq!(health.cut.as_ref().unwrap().first, cut.revision() + 1);
    assert!(cut.revision() < writer.revision());
    let opened = on(&folder, |options| options);
    assert_eq!(
        (opened.health().cut, opened.revision()),
        (health.cut, cut.revision())
    );
    opened.close().unwrap();
    // What was on the disk is not there.
    let whole = files();
    let log = whole
        .keys()
        .rfind(|path| path.extension() == Some("log".as_ref()));
    std::fs::remove_file(log.unwrap()).unwrap();
    let damaged = read().unwrap_err();
    assert!(
        damaged.to_string().contains("were on the disk"),
        "{damaged}"
    );
    // Nothing is begun where nothing is.
    let nowhere = folder.path().join("nowhere");
    let missing = options().read_only().open(&nowhere).unwrap_err();
    assert!(matches!(
        missing,
        Error::Log(crate::model::LogError::Missing { .. })
    ));
    assert!(!nowhere.exists());
}

#[test]
fn one_that_reads_lets_others_write_once_it_has_read() {
    let (folder, writer) = folder();
    writer.close().unwrap();
    let directory = crate::log::Directory::to_read(folder.path(), |_| true).unwrap();
    assert!(directory.try_share().unwrap());
    let path = folder.path().to_owned();
    let opening = std::thread::spawn(move || options().open(&path).map(drop));
    // Others may read meanwhile.
    let reader = on(&folder, StoreOptions::read_only);
    assert_eq!(reader.revision(), writer.revision());
    assert!(!opening.is_finished());
    directory.unlock();
    opening.join().unwrap().unwrap();
}

#[test]
fn one_that_cannot_keep_up_begins_again_and_says_so() {
    let (folder, writer) = folder();
    writer.close().unwrap();
    let keeps_little = |options: StoreOptions| options.snapshot_every(2000).retention(SHORT);
    let writer = on(&folder, keeps_little);
    let standby = on(&folder, StoreOptions::standby);
    let mut changes = standby.subscribe_named("Device", "Status").start().unwrap();
    // It waits for this view before it goes on to read: nothing is seen meanwhile.
    let (seen, first) = std::sync::mpsc::channel();
    let (go_on, waits) = std::sync::mpsc::channel::<()>();
    let viewing = standby.clone();
    let view = std::thread::spawn(move || {
        let view = viewing.view();
        seen.send(view.tree().revision()).unwrap();
        assert!(waits.recv().is_err());
    });
    let first = first.recv().unwrap();
    for value in 1..=3000 {
        drop(status(&writer, value));
        writer.shared.read().checkpoints.as_ref().unwrap().wait();
    }
    block_on(writer.durable()).unwrap();
    drop(go_on);
    view.join().unwrap();
    block_on(async {
        let mut lagged = None;
        loop {
            match changes.next().await {
                Event::Lagged(lost) => lagged = Some(lost),
                Event::Change(change) if change.current() == Some(ValueRef::Int(3000)) => break,
                Event::Change(_) => {}
                other => panic!("{other:?}"),
            }
        }
        let lagged = lagged.unwrap();
        assert!(
            lagged.read >= first && lagged.next > lagged.read + 1,
            "{lagged:?}"
        );
        writer.close().unwrap();
        standby.writer().await.unwrap();
        status(&standby, 3001).await.unwrap();
        read_to(&mut changes, 3001, 3001).await;
    });
}

#[test]
fn one_whose_directory_was_replaced_does_not_write_to_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let old = options().open(&path).unwrap();
    let standby = options().standby().open(&path).unwrap();
    std::fs::rename(&path, folder.path().join("old")).unwrap();
    let new = options().open(&path).unwrap();
    old.close().unwrap();
    let refused = block_on(standby.writer()).unwrap_err().to_string();
    assert!(
        refused.contains("another file has taken its place"),
        "{refused}"
    );
    declare(&new).unwrap();
}

#[test]
fn one_whose_directory_is_gone_says_so() {
    for describe in [StoreOptions::standby, StoreOptions::read_only] {
        let (folder, writer) = folder();
        let follower = on(&folder, describe);
        std::fs::remove_dir_all(folder.path()).unwrap();
        let gone = block_on(follower.writer()).unwrap_err().to_string();
        assert!(gone.contains("No such file"), "{gone}");
        assert!(follower.exists(EntityId::ROOT), "reads go on");
        drop(writer);
    }
}

#[test]
fn one_that_begins_again_on_another_line_tells_its_readers() {
    let (folder, writer) = folder();
    let tell = async |value| status(&writer, value).await.unwrap();
    block_on(async {
        for value in 1..=5 {
            tell(value).await;
        }
    });
    let log = std::fs::read_dir(folder.path()).unwrap();
    let log = log.map(|entry| entry.unwrap().path());
    let log = log
        .filter(|path| path.extension() == Some("log".as_ref()))
        .max();
    let kept = std::fs::read(log.as_ref().unwrap()).unwrap();
    block_on(async {
        for value in 6..=10 {
            tell(value).await;
        }
    });
    let reader = on(&folder, StoreOptions::read_only);
    let mut changes = reader.subscribe_named("Device", "Status").start().unwrap();
    writer.close().unwrap();
    // Half of what it has seen is lost, and a repair goes on without it.
    std::fs::write(log.unwrap(), kept).unwrap();
    let repair = options().repair(folder.path()).unwrap().unwrap();
    let copy = repair.carry_out().unwrap();
    let next = on(&folder, |options| options);
    block_on(async {
        let Event::Resync { revision } = changes.next().await else {
            panic!("not told that the tree is another one");
        };
        assert_eq!(revision, next.revision());
        let Event::Change(change) = changes.next().await else {
            panic!("what is there now does not follow");
        };
        assert_eq!(change.current(), Some(ValueRef::Int(5)));
        assert!(matches!(changes.next().await, Event::SnapshotEnd { .. }));
        status(&next, 6).await.unwrap();
        read_to(&mut changes, 6, 6).await;
    });
    std::fs::remove_dir_all(copy).unwrap();
}
