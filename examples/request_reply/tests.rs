//! Answered in time, given up, abandoned.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use qlib::TestApp;
use qlib::prelude::*;

use crate::{Client, Janitor, Request, Server, furnish};

#[qlib::test(workers(Client, Server), preload = furnish)]
async fn requests_are_answered_or_given_up_and_removed(app: TestApp) {
    let mut answers = app.record(Request::FIELDS.Answer);
    // 101, 102, 103; 104 takes too long, and 105 is answered again.
    app.advance(Duration::from_millis(5_500)).await;
    let mut answers = answers.take();
    answers.retain(|answer| !answer.is_empty());
    assert_eq!(answers, ["a prime", "2 times 51", "a prime", "3 times 35"]);
    assert_eq!(app.store().select::<Request>().count().unwrap(), 0);
    app.assert_dead_letters(0);
}

#[qlib::test(workers(Janitor), preload = furnish)]
async fn an_abandoned_request_is_removed(app: TestApp) {
    let (desk, now) = (app.store().find("/Desk").unwrap(), app.now());
    let left = app
        .store()
        .transaction(|tx| tx.create(desk, "left", Request::builder().asked(now)));
    left.await.unwrap();
    app.advance(Duration::from_secs(5)).await;
    assert_eq!(app.store().select::<Request>().count().unwrap(), 1);
    app.advance(Duration::from_secs(1)).await;
    assert_eq!(app.store().select::<Request>().count().unwrap(), 0);
}

#[qlib::test(workers(Server), preload = furnish)]
async fn an_answer_to_nobody_is_no_failure(app: TestApp) {
    let (desk, now) = (app.store().find("/Desk").unwrap(), app.now());
    let asked = app.store().transaction(|tx| {
        let request = Request::builder().question(104).asked(now);
        tx.create(desk, "104", request)
    });
    let request = asked.receipt().await.unwrap().value;
    app.settle().await;
    let gone = app.store().transaction(|tx| {
        tx.delete(request);
        Ok(())
    });
    gone.await.unwrap();
    app.advance(Duration::from_secs(60)).await;
    app.assert_dead_letters(0);
}
