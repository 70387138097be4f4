//! Opening and closing, on real directories.

use super::*;
use crate::log::Disk;
use crate::model::LogError;

#[test]
fn a_store_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let room = block_on(store.transaction(|tx| {
        tx.set_schema(Schema::new("Room").field("Floor", Kind::Int));
        tx.create_named(
            EntityId::ROOT,
            "Kitchen",
            "Room",
            [("Floor", Value::Int(1))],
        )
    }));
    let room = room.unwrap();
    let image = store.create_snapshot().image();
    assert_eq!(store.health().durable, store.revision());
    drop(store);

    let again = Store::open(folder.path()).unwrap();
    assert_eq!(again.create_snapshot().image(), image);
    assert_eq!(again.find("/Kitchen").unwrap(), room);
    assert_eq!(again.stats().log, "file");
    assert_eq!(again.revision(), 2);
}

#[test]
fn one_process_at_a_time_has_a_directory_open() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let error = Store::open(folder.path()).unwrap_err();
    assert!(
        matches!(error, Error::Log(LogError::Locked { .. })),
        "{error}"
    );
    assert!(error.to_string().contains(&std::process::id().to_string()));
    store.close().unwrap();
    let again = Store::open(folder.path()).unwrap();
    assert!(matches!(
        block_on(store.set_schema(Schema::new("X"))),
        Err(Error::Closed)
    ));
    assert!(store.exists(EntityId::ROOT), "reads go on");
    drop(again);
}

#[test]
fn a_directory_of_something_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("letter.txt"), "Dear").unwrap();
    let error = Store::open(folder.path()).unwrap_err();
    assert!(error.to_string().contains("letter.txt"), "{error}");
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(files.len(), 1);
}

#[test]
fn a_directory_that_is_a_file_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = Store::open(&file).unwrap_err();
    assert!(matches!(&error, Error::Log(LogError::Io { .. })), "{error}");
    assert!(error.to_string().contains("file"), "{error}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_directory_that_cannot_be_written_says_so() {
    let error = Store::open("/proc/qlib").unwrap_err();
    assert!(matches!(&error, Error::Log(LogError::Io { .. })), "{error}");
    assert!(
        error.to_string().starts_with("/proc/qlib cannot be made"),
        "{error}"
    );
}

#[test]
fn a_commit_of_one_field_takes_64_bytes_at_most() {
    let disk = Simulated::default();
    let store = Store::options().open_disk(Arc::new(disk.clone())).unwrap();
    declare(&store).unwrap();
    store.submit(|tree, ops| step(1, tree, ops)).unwrap();
    // The first ones bind names.
    let mut used = Vec::new();
    for number in 2..200 {
        let receipt = store.submit(|tree, ops| {
            step(2, tree, ops)?;
            if let Op::Write(write) = &mut ops[0] {
                write.value = Some(Value::Int(number * 1_000_003));
            }
            Ok(())
        });
        let group = store.shared.group.get().unwrap();
        group.wait_durable(receipt.unwrap().revision).unwrap();
        let names = disk.list().unwrap();
        let bytes = disk.bytes(names.iter().find(|name| name.ends_with(".log")).unwrap());
        used.push(bytes.iter().rposition(|byte| *byte != 0).unwrap());
    }
    let largest = used.windows(2).skip(1).map(|pair| pair[1] - pair[0]).max();
    assert!(largest <= Some(64), "{largest:?}");
}

#[test]
fn opening_and_closing_without_a_commit_leaves_no_file() {
    let disk = closed();
    let names = disk.list().unwrap();
    for _ in 0..3 {
        open(&disk).unwrap().close().unwrap();
    }
    assert_eq!(disk.list().unwrap(), names);
    assert!(
        !names.iter().any(|name| name.ends_with(".new")),
        "{names:?}"
    );
}

#[test]
fn a_buffered_store_does_not_wait_for_the_disk() {
    let disk = Simulated::default();
    let options = Store::options().buffered();
    let store = options.open_disk(Arc::new(disk.clone())).unwrap();
    let committed = store.set_schema(Schema::new("Room").field("Floor", Kind::Int));
    done(committed).unwrap();
    let committed = store.set_schema(Schema::new("Hall").field("Floor", Kind::Int));
    let receipt = block_on(committed.durable()).unwrap();
    assert!(store.health().durable >= receipt.revision);
}

#[test]
fn inside_a_handler_applied_is_enough() {
    let store = open(&Simulated::default()).unwrap();
    let handler = store.clone().inside_handler();
    done(handler.set_schema(Schema::new("Room").field("Floor", Kind::Int))).unwrap();
}
