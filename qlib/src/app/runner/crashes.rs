//! A durable handler on a disk that crashes at every operation.

use std::sync::Arc;
use std::time::Duration;

use crate::app::RunningApp;
use crate::log::{Faults, Leaves, Simulated, Sizes};
use crate::prelude::*;

#[derive(Entity, Debug)]
#[qlib(crate = crate)]
struct Meter {
    #[field(default = 0)]
    number: i64,
}

/// What the handler has added up.
#[derive(Entity, Debug)]
#[qlib(crate = crate)]
struct Account {
    #[field(default = 0)]
    changes: i64,
    #[field(default = 0)]
    sum: i64,
}

#[on_change(Meter.Number, durable = "meters", crate = crate)]
async fn add_up(change: Change<Meter, i64>, cx: &mut Cx) -> Result<()> {
    let (tx, number) = (cx.tx()?, change.current());
    let account = tx.find("/account")?;
    tx.add(account, Account::FIELDS.Changes, 1)?;
    tx.add(account, Account::FIELDS.Sum, number)
}

/// Numbers that are written, and meters that each is written to in one commit.
const NUMBERS: i64 = 20;
const METERS: i64 = 2;

fn open(disk: &Simulated) -> Result<Store> {
    let sizes = Sizes {
        first: 4096,
        most: 4096,
    };
    let options = Store::options().sizes(sizes).snapshot_every(1000);
    options.open_disk(Arc::new(disk.clone()))
}

async fn start(store: &Store) -> Result<RunningApp> {
    let app = App::builder("meters").store(store.clone());
    let app = app.entity::<Meter>().entity::<Account>();
    app.register(|registry| registry.worker::<add_up>())
        .start()
        .await
}

/// Writes one number after the other; the last one that was acknowledged.
async fn write(store: &Store, acknowledged: &mut i64) -> Result<()> {
    let made = store.transaction(|tx| {
        tx.create(EntityId::ROOT, "account", Account::builder())?;
        let make = |at| tx.create(EntityId::ROOT, format!("{at}"), Meter::builder());
        (0..METERS).map(make).collect::<Result<Vec<_>>>()
    });
    let meters = made.await?;
    for number in 1..=NUMBERS {
        let written = store.transaction(|tx| {
            let mut meters = meters.iter();
            meters.try_for_each(|meter| tx.set(*meter, Meter::FIELDS.Number, number))
        });
        written.await?;
        *acknowledged = number;
    }
    Ok(())
}

async fn run(disk: &Simulated) -> Result<(), (Error, i64)> {
    let mut acknowledged = 0;
    let store = open(disk).map_err(|error| (error, 0))?;
    let running = start(&store).await.map_err(|error| (error, 0))?;
    let outcome = write(&store, &mut acknowledged).await;
    running.stop().await;
    outcome.map_err(|error| (error, acknowledged))
}

/// Whatever the crash left, another process goes on, and in the end each change was added up once.
async fn check(disk: &Simulated, acknowledged: i64) {
    let store = open(disk).unwrap();
    let running = start(&store).await.unwrap();
    if let Ok(account) = store.find("/account") {
        let meters = store.select::<Meter>().all().unwrap();
        let number = meters[0].value.number;
        assert!(number >= acknowledged, "{number} of {acknowledged}");
        let mut changes = store.subscribe(Account::FIELDS.Changes).start().unwrap();
        let all = METERS * (number + 1);
        while store.read(account, Account::FIELDS.Changes).unwrap() < all {
            changes.next().await.unwrap();
        }
        let account: Account = store.get(account).unwrap();
        let sum = METERS * number * (number + 1) / 2;
        assert_eq!((account.changes, account.sum), (all, sum));
    } else {
        assert_eq!(acknowledged, 0);
    }
    running.stop().await;
}

#[test]
fn a_crash_at_every_operation_repeats_and_omits_no_change() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    tokio::task::LocalSet::new().block_on(&runtime.unwrap(), async {
        for crash_at in 1.. {
            let disk = Simulated::with(Faults {
                crash_at: Some(crash_at),
                ..Faults::default()
            });
            let outcome = run(&disk).await;
            if disk.fired() == 0 {
                outcome.unwrap();
                assert!(crash_at > 50, "{crash_at} operations only");
                return;
            }
            let acknowledged = outcome.map_or_else(|(_, acknowledged)| acknowledged, |()| NUMBERS);
            for leaves in [Leaves::Nothing, Leaves::All, Leaves::Some(crash_at)] {
                let found = disk.after_crash(leaves);
                let checked = check(&found, acknowledged);
                let limit = Duration::from_secs(60);
                tokio::time::timeout(limit, checked).await.unwrap();
            }
        }
    });
}
