//! An application without macros: types from schemas, a worker from calls.

use qlib::prelude::*;
use qlib::{CallFuture, Origin, TestApp, Worker, WorkerDefinition};

use crate::common::{Lamp, lamp, lamps, level, note, noted};

#[derive(Default)]
struct ByHand {
    seen: i64,
}

impl Worker for ByHand {
    const NAME: &'static str = "ByHand";

    fn origin() -> Origin {
        Origin {
            module: module_path!(),
            line: line!(),
        }
    }

    fn define(worker: &mut WorkerDefinition<Self>) {
        worker.make(Self::default);
        worker.init(|_, cx| {
            Box::pin(async move {
                note(format!("init of {}", cx.app().name()));
                Ok(())
            }) as CallFuture<'_>
        });
        worker
            .on_change(Lamp::FIELDS.Level)
            .when(|current, _, ()| current > 1)
            .call("level", |worker, change, (), cx| {
                Box::pin(async move {
                    worker.seen += 1;
                    note(format!(
                        "{} {} of {}",
                        cx.handler(),
                        worker.seen,
                        change.current()
                    ));
                    Ok(())
                })
            });
    }
}

fn setup(app: &mut qlib::AppBuilder) {
    app.worker(ByHand { seen: 10 }).preload(lamps);
}

#[qlib::test(setup = setup)]
async fn a_worker_can_be_written_by_hand(app: TestApp) {
    for value in [1, 2, 3] {
        level(&app, lamp(&app, "a"), value).await;
    }
    app.settle().await;
    assert_eq!(
        noted(),
        [
            "init of test",
            "ByHand::level 11 of 2",
            "ByHand::level 12 of 3"
        ]
    );
}
