//! Dead letters: the newest 1,000 are kept.

use qlib::TestApp;
use qlib::prelude::*;

use crate::common::{Lamp, lamp, lamps, level};

#[on_change(Lamp.Level)]
async fn refusing(change: Change<Lamp, i64>) -> Result<()> {
    Err(Error::Refused {
        what: "a lamp".into(),
        reason: change.current().to_string().into(),
    })
}

#[qlib::test(workers(refusing), preload = lamps)]
async fn the_newest_1000_are_kept(app: TestApp) {
    let a = lamp(&app, "a");
    for value in 1..=1_003 {
        level(&app, a, value).await;
    }
    app.settle().await;
    let letters = app.assert_dead_letters(1_000);
    assert_eq!(app.dropped_dead_letters(), 3);
    assert_eq!(letters[0].error, "a lamp is refused: 4");
    assert_eq!(letters[999].error, "a lamp is refused: 1003");
    assert!(app.retry(a).is_err());
    assert!(app.dismiss(EntityId::new()).is_err());
    assert!(app.dismiss(a).is_err(), "a lamp is no dead letter");
    assert!(app.store().exists(a));
}
