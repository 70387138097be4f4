//! Stores on disks that crash, lose and refuse: a script of 200 commits, and what must be found.

mod campaign;
mod closing;
mod crash;
mod cursors;
mod damage;
mod durable;
mod faults;
mod follow;
mod replays;
mod snapshots;
mod standby;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use smallvec::smallvec;

use super::*;
use crate::log::{Faults, Leaves, Retention, Simulated, Sizes};
use crate::model::{Cause, Create, Image, Steps, Timestamp, Write, WriteMode};
use crate::tree::Tree;

/// Commits of the script, behind the one that begins a store and the one that declares its types.
const COMMITS: u64 = 200;

/// Segments so small that the script fills several.
const SMALL: Sizes = Sizes {
    first: 4096,
    most: 4096,
};

/// So little that the script leaves files of the log and snapshots behind that go.
const SHORT: Retention = Retention {
    bytes: 8192,
    age: Duration::from_secs(1 << 30),
};

fn options() -> StoreOptions {
    let clock = Clock::driven(Timestamp::from_nanos(1_700_000_000_000_000_000));
    Store::options().clock(clock).sizes(SMALL)
}

/// Opens a store that writes no snapshots.
fn open(disk: &Simulated) -> Result<Store> {
    options().open_disk(Arc::new(disk.clone()))
}

/// Opens a store that writes many.
fn open_with_snapshots(disk: &Simulated) -> Result<Store> {
    let options = options().snapshot_every(2000).retention(SHORT);
    options.open_disk(Arc::new(disk.clone()))
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(future)
}

fn device(number: u64) -> EntityId {
    EntityId::from_u128(1000 + u128::from(number))
}

/// The step of the script that makes commit `number`.
fn step(number: u64, tree: &Tree, ops: &mut Steps) -> Result<()> {
    let write = |at: u64, field: &str, value: Value| {
        let id = device(at);
        Ok::<_, Error>(Op::Write(Write {
            id,
            field: tree.field_id(tree.type_id("Device")?, field)?,
            value: Some(value),
            mode: WriteMode::Always,
            quality: crate::model::Quality::Good,
        }))
    };
    let steps: Steps = match number % 10 {
        1 => smallvec![Op::Create(Box::new(Create {
            id: device(number / 10),
            entity_type: tree.type_id("Device")?,
            parent: EntityId::ROOT,
            name: format!("device {number}").into(),
            values: [].into(),
        }))],
        9 if number % 20 == 19 => smallvec![Op::Delete(device(number / 20))],
        5 if number % 50 == 25 => {
            let name = format!("Type{number}");
            smallvec![Op::SetSchema(Box::new(
                Schema::new(name).field("Some", Kind::Int)
            ))]
        }
        0 if number.is_multiple_of(40) => {
            let note = Value::String("x".repeat(600).into());
            smallvec![
                write(number / 10 - 1, "Status", Value::Int(-1))?,
                write(number / 10 - 1, "Long", note)?
            ]
        }
        _ => smallvec![write(
            (number - 2) / 10,
            "Status",
            Value::Int(number as i64)
        )?],
    };
    ops.extend(steps);
    Ok(())
}

fn declare(store: &Store) -> Result<Revision> {
    let device = Schema::new("Device")
        .field("Status", FieldSchema::new(Kind::Int).default_value(0))
        .field("Long", Kind::String);
    Ok(store
        .submit_checked(smallvec![Op::SetSchema(Box::new(device))], Vec::new())?
        .revision)
}

/// Runs the script from where the store is, and waits for the disk behind every third commit.
/// Returns the newest revision that was acknowledged.
fn run(store: &Store) -> Revision {
    let group = Arc::clone(store.shared.group.get().unwrap());
    let mut acknowledged = store.revision();
    while store.revision() < COMMITS + 2 {
        let number = store.revision() - 1;
        let committed = if number == 0 {
            declare(store).map(drop)
        } else {
            commit(store, number)
        };
        let newest = store.revision();
        let waits = number.is_multiple_of(3) || newest == COMMITS + 2;
        if committed.is_err() || waits && group.wait_durable(newest).is_err() {
            return acknowledged;
        }
        if waits {
            acknowledged = newest;
        }
    }
    acknowledged
}

/// Makes commit `number` of the script.
fn commit(store: &Store, number: u64) -> Result<()> {
    let store = as_somebody(store, number);
    if number % 70 == 65 {
        let image = restored(number, &store.shared.read().tree);
        return store
            .submit_restore(Op::Restore { image, only: None })
            .map(drop);
    }
    store.submit(|tree, ops| step(number, tree, ops)).map(drop)
}

/// An image that differs from the tree: the last device has another name and no long text.
fn restored(number: u64, tree: &Tree) -> Arc<Image> {
    let mut image = tree.image();
    if let Some(last) = image.entities.last_mut() {
        last.fields.retain(|field| field.name != "Long");
        last.name = format!("restored {number}").into();
    }
    Arc::new(image)
}

/// A handle with a writer and a cause that change now and then.
fn as_somebody(store: &Store, number: u64) -> Store {
    let handler = format!("worker::{}", number % 7).into();
    store.on_behalf(Author {
        writer: format!("writer {}", number % 5).into(),
        cause: number.is_multiple_of(2).then_some(Cause {
            handler,
            revision: number / 2,
        }),
        ..Author::default()
    })
}

/// What the store holds after each revision of the script, from 0.
static IMAGES: LazyLock<Vec<Image>> = LazyLock::new(|| {
    let clock = Clock::driven(Timestamp::from_nanos(1_700_000_000_000_000_000));
    let store = Store::memory_with(clock, WindowLimits::default()).unwrap();
    let image = || store.shared.read().tree.image();
    let mut images = vec![Image::default(), image()];
    declare(&store).unwrap();
    images.push(image());
    for number in 1..=COMMITS {
        commit(&store, number).unwrap();
        images.push(image());
    }
    images
});

/// The store is as the script left it after some revision; says which.
fn must_be_a_moment_of_the_script(store: &Store) -> Revision {
    let tree = store.shared.read().tree.clone();
    let revision = tree.revision();
    assert_eq!(
        tree.image(),
        IMAGES[revision as usize],
        "revision {revision}"
    );
    revision
}

/// A store that ran the whole script and was closed, on its disk.
fn closed() -> Simulated {
    let disk = Simulated::default();
    let store = open(&disk).unwrap();
    assert_eq!(run(&store), COMMITS + 2);
    store.close().unwrap();
    disk
}
