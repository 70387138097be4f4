//! Signals between workers, and those of the system.

use qlib::TestApp;
use qlib::prelude::*;

use crate::common::{Lamp, lamp, lamps, level, note, noted};

#[derive(Default)]
struct Source {
    burst: Signal<i64>,
}

#[worker]
impl Source {
    #[on_change(Lamp.Level)]
    async fn emit(&mut self, change: Change<Lamp, i64>) -> Result<()> {
        for number in 0..change.current() {
            if let Err(error) = self.burst.emit(number) {
                note(format!("{number}: {error}"));
                return Ok(());
            }
        }
        Ok(())
    }

    #[on_change(Lamp.Echo)]
    async fn fail(&mut self) -> Result<()> {
        panic!("made anew")
    }
}

#[on_signal(Source.burst)]
async fn sink(value: i64) -> Result<()> {
    note(value.to_string());
    Ok(())
}

#[qlib::test(workers(Source, sink), preload = lamps)]
async fn values_come_in_order(app: TestApp) {
    level(&app, lamp(&app, "a"), 1_024).await;
    app.settle().await;
    let expected: Vec<_> = (0..1_024).map(|number| number.to_string()).collect();
    assert_eq!(noted(), expected);
}

#[qlib::test(workers(Source, sink), preload = lamps)]
async fn a_full_queue_is_an_error_at_the_emitter(app: TestApp) {
    level(&app, lamp(&app, "a"), 2_000).await;
    app.settle().await;
    let noted = noted();
    assert_eq!(
        noted[0],
        "1024: the queue of the signal i64 for sink is full (1024 values); its handler is too slow"
    );
    assert_eq!(noted.len(), 1_025);
}

#[qlib::test(workers(Source, sink), preload = lamps)]
async fn a_worker_that_is_made_anew_is_connected_anew(app: TestApp) {
    let a = lamp(&app, "a");
    crate::common::echo(&app, a, 1).await;
    app.advance(crate::common::ms(60_000)).await;
    app.assert_dead_letters(1);
    level(&app, a, 2).await;
    app.settle().await;
    assert_eq!(noted(), ["0", "1"]);
}

#[derive(Default)]
struct System;

#[worker]
impl System {
    #[on_signal(App.Connected)]
    async fn connected(&mut self) -> Result<()> {
        note("connected");
        Ok(())
    }

    #[on_signal(App.Disconnected)]
    async fn disconnected(&mut self) -> Result<()> {
        note("disconnected");
        Ok(())
    }

    #[on_signal(App.SchemaUpdated)]
    async fn schema_updated(&mut self) -> Result<()> {
        note("schema updated");
        Ok(())
    }

    #[on_schema]
    async fn schema(&mut self, changed: SchemaChanged) -> Result<()> {
        note(format!(
            "schema {:?}",
            changed.current().map(|schema| schema.name.clone())
        ));
        Ok(())
    }

    #[on_resync]
    async fn resync(&mut self) -> Result<()> {
        note("resync");
        Ok(())
    }
}

#[qlib::test(workers(System))]
async fn the_system_says_what_happens_to_the_store(app: TestApp) {
    assert_eq!(noted(), ["connected", "schema updated"]);
    app.store().disconnect().unwrap();
    app.settle().await;
    assert_eq!(noted(), ["disconnected"]);
    app.store().connect().unwrap();
    app.settle().await;
    assert_eq!(noted(), ["connected"]);
    app.store()
        .set_schema(qlib::Schema::new("Extra"))
        .await
        .unwrap();
    app.settle().await;
    let mut noted = noted();
    noted.sort();
    assert_eq!(noted, ["schema Some(\"Extra\")", "schema updated"]);
}

#[qlib::test(workers(System), preload = lamps)]
async fn a_replaced_tree_is_told_once(app: TestApp) {
    let snapshot = app.store().create_snapshot();
    level(&app, lamp(&app, "a"), 9).await;
    app.settle().await;
    noted();
    app.store().restore_snapshot(&snapshot).await.unwrap();
    app.settle().await;
    assert_eq!(noted(), ["resync"]);
}
