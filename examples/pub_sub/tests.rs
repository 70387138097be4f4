//! Messages arrive, silent topics go, subscriptions end.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use qlib::TestApp;
use qlib::prelude::*;

use crate::{Janitor, Publisher, Reader, Topic, archive, removed, umbrella};

#[qlib::test(workers(Publisher, archive, umbrella, Reader, Janitor, removed))]
async fn topics_live_as_long_as_they_are_used(app: TestApp) {
    let mut messages = app.record(Topic::FIELDS.Message);
    app.advance(Duration::from_millis(2_800)).await;
    assert_eq!(
        messages.take(),
        [
            "sun",
            "headline 0",
            "headline 1",
            "rain",
            "headline 2",
            "sun"
        ]
    );
    assert_eq!(app.store().select::<Topic>().count().unwrap(), 2);

    // The news have ended: after a while nobody knows of them.
    app.advance(Duration::from_secs(10)).await;
    assert!(app.store().find("/news").is_err());
    let weather = app.store().find("/weather").unwrap();
    assert_eq!(app.store().get::<Topic>(weather).unwrap().count, 18);
    let readers = app.store().readers();
    assert!(
        !readers.iter().any(|reader| reader.name == "reader"),
        "{readers:?}"
    );
    app.assert_dead_letters(0);
}
