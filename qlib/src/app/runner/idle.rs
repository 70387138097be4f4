//! Many durable handlers that nothing concerns.

use std::time::Duration;

use crate::app::{Origin, WorkerDefinition};
use crate::prelude::*;
use crate::{Cursor, Schema, Value, Worker};

/// More than the commits after which an idle handler's cursor follows.
const HANDLERS: usize = 1200;

#[derive(Entity, Debug)]
#[qlib(crate = crate)]
struct Meter {
    #[field(default = 0)]
    number: i64,
}

struct Auditors;

impl Worker for Auditors {
    const NAME: &'static str = "Auditors";

    fn origin() -> Origin {
        Origin {
            module: module_path!(),
            line: line!(),
        }
    }

    fn define(worker: &mut WorkerDefinition<Self>) {
        worker.make(|| Self);
        for at in 0..HANDLERS {
            let name: &'static str = Box::leak(format!("audit{at}").into());
            let changes = worker.on_change(Meter::FIELDS.Number).durable(name);
            changes.call(name, |_, _, (), _| Box::pin(async { Ok(()) }));
        }
    }
}

fn oldest(store: &Store) -> u64 {
    let revision = |(_, cursor)| match cursor {
        Cursor::Changes(position) => position.revision(),
        Cursor::Ticks(_) => u64::MAX,
    };
    let cursors = store.cursors().into_iter().map(revision);
    cursors.min().unwrap()
}

#[test]
fn an_idle_application_writes_next_to_nothing_for_its_cursors() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    tokio::task::LocalSet::new().block_on(&runtime.unwrap(), async {
        let store = Store::memory().unwrap();
        let app = App::builder("audit").store(store.clone()).entity::<Meter>();
        let app = app.register(|registry| registry.worker::<Auditors>());
        let running = app.start().await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let begun = store.revision();
        let unrelated = Schema::new("Other").field("Number", crate::Kind::Int);
        store.set_schema(unrelated).await.unwrap();
        let make =
            |tx: &mut crate::Transaction<'_>| tx.create_named(EntityId::ROOT, "other", "Other", []);
        let other = store.transaction(make).receipt().await.unwrap().value;
        for number in 0..2000 {
            let set = store.transaction(|tx| tx.set_value(other, "Number", Value::Int(number)));
            set.await.unwrap();
        }
        let hours = 6;
        tokio::time::sleep(Duration::from_secs(hours * 3600)).await;
        // The leader writes a heartbeat each 7.5 s.
        let others = 2002 + hours * 3600 * 10 / 75;
        let written = store.revision() - begun - others;
        assert!((1..=5).contains(&written), "{written} commits");
        // None of them holds the log.
        assert!(store.revision() - oldest(&store) < 1100);
        running.stop().await;
    });
}
