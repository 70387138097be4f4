//! Minimum interval and deadband: the first and the last value always arrive.

use qlib::TestApp;
use qlib::prelude::*;

use crate::common::{Lamp, lamp, lamps, level, ms, note, timed};

#[on_change(Lamp.Level, min_interval = "1s")]
async fn seldom(change: Change<Lamp, i64>) -> Result<()> {
    note(format!("{:?} to {}", change.previous(), change.current()));
    Ok(())
}

#[on_change(Lamp.Heat, deadband = 0.5)]
async fn roughly(change: Change<Lamp, f64>) -> Result<()> {
    note(format!("{}", change.current()));
    Ok(())
}

#[qlib::test(workers(seldom), preload = lamps)]
async fn at_most_one_change_per_interval(app: TestApp) {
    let a = lamp(&app, "a");
    for value in 1..=4 {
        level(&app, a, value).await;
        app.advance(ms(300)).await;
    }
    app.advance(ms(10_000)).await;
    assert_eq!(
        timed(),
        [(0, "Some(0) to 1"), (1_000, "Some(1) to 4")].map(|(at, text)| (at, text.to_owned()))
    );
}

#[qlib::test(workers(roughly), preload = lamps)]
async fn small_changes_wait_for_a_larger_one(app: TestApp) {
    let mut lamp = app.store().entity::<Lamp>(lamp(&app, "a")).unwrap();
    for heat in [20.0, 20.2, 20.6, 20.7] {
        lamp.set_heat(heat).commit().await.unwrap();
        app.advance(ms(100)).await;
    }
    app.advance(ms(5_000)).await;
    assert_eq!(
        timed(),
        [(0, "20"), (200, "20.6"), (1_300, "20.7")].map(|(at, text)| (at, text.to_owned()))
    );
}
