//! The test kit itself: who moves time, and what shows it.

use qlib::TestApp;
use qlib::prelude::*;

use crate::common::{Lamp, lamp, lamps, level, ms, note, timed};

#[derive(Default)]
struct Timers;

#[worker]
impl Timers {
    #[every("1s")]
    async fn second(&mut self) -> Result<()> {
        note("second");
        Ok(())
    }

    #[every("400ms")]
    async fn often(&mut self) -> Result<()> {
        note("often");
        Ok(())
    }

    #[on_change(Lamp.Level)]
    async fn level(&mut self, change: Change<Lamp, i64>) -> Result<()> {
        note(format!("level {}", change.current()));
        for _ in 0..100 {
            qlib_tests::yield_now().await;
        }
        note("done");
        Ok(())
    }
}

#[qlib::test(workers(Timers), preload = lamps)]
async fn settling_moves_no_time(app: TestApp) {
    let before = app.now();
    level(&app, lamp(&app, "a"), 1).await;
    for _ in 0..10 {
        app.settle().await;
    }
    assert_eq!(app.now(), before);
    assert_eq!(timed(), [(0, "level 1".to_owned()), (0, "done".to_owned())]);
}

#[qlib::test(workers(Timers))]
async fn advancing_goes_from_timer_to_timer(app: TestApp) {
    app.advance(ms(1_300)).await;
    assert_eq!(
        timed(),
        [
            (400, "often"),
            (800, "often"),
            (1_000, "second"),
            (1_200, "often")
        ]
        .map(|(at, text)| (at, text.to_owned()))
    );
}

#[qlib::test(preload = lamps)]
async fn all_clocks_are_the_application_s(app: TestApp) {
    assert_eq!(app.now().to_string(), "2026-01-01T00:00:00Z");
    app.advance(ms(90_000)).await;
    assert_eq!(app.now().to_string(), "2026-01-01T00:01:30Z");
    assert_eq!(Timestamp::now(), app.now());
    let a = lamp(&app, "a");
    let written = app
        .store()
        .transaction(|tx| tx.set(a, Lamp::FIELDS.Level, 1));
    assert_eq!(written.receipt().await.unwrap().time, app.now());
}

#[qlib::test(preload = lamps)]
async fn changes_can_be_recorded(app: TestApp) {
    let a = lamp(&app, "a");
    let mut levels = app.record(Lamp::FIELDS.Level);
    for value in [3, 3, 4] {
        level(&app, a, value).await;
    }
    levels.assert([3, 4]);
    levels.assert([0; 0]);
}
