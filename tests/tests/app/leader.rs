//! Who leads, what handlers are told of it, and what a leadership that has ended can still do.

use std::cell::Cell;

use qlib::prelude::*;
use qlib::{AppBuilder, Event, State, Subscription, TestApp, Value};

use crate::common::{Lamp, lamp, lamps, level, ms, note, noted};

#[derive(Default)]
struct Told;

#[worker]
impl Told {
    #[on_leader]
    async fn lead(&mut self, leadership: &Leadership, cx: &mut Cx) -> Result<()> {
        assert!(leadership.is_held());
        note(format!("leader {:?}", cx.app().state()));
        Ok(())
    }

    #[on_follower]
    async fn follow(&mut self, cx: &mut Cx) -> Result<()> {
        note(format!("follower {:?}", cx.app().state()));
        Ok(())
    }

    #[on_losing_leadership]
    async fn losing(&mut self, cx: &mut Cx) -> Result<()> {
        qlib_tests::pause(ms(10)).await;
        note(format!("losing {:?}", cx.app().state()));
        Ok(())
    }

    #[on_signal(Leadership.BecameUnavailable)]
    async fn unavailable(&mut self) -> Result<()> {
        note("unavailable");
        Ok(())
    }

    #[deinit]
    async fn deinit(&mut self) -> Result<()> {
        note("deinit");
        Ok(())
    }
}

async fn fail_over(app: &TestApp) {
    let service = app.service();
    let asked = app
        .store()
        .transaction(|tx| tx.set_value(service, "FailOverTrigger", Value::Int(0)));
    asked.await.unwrap();
    app.settle().await;
}

fn value(app: &App, field: &str) -> Option<Value> {
    let mut tree_value = None;
    let service = app.service();
    let _read = app.store().transaction(|tx| {
        tree_value = tx.value(service, field)?;
        Ok(())
    });
    tree_value
}

#[qlib::test(workers(Told), preload = lamps)]
async fn a_fail_over_leads_again_with_a_higher_token(app: TestApp) {
    assert_eq!(noted(), ["leader Leader"]);
    assert_eq!(app.state(), State::Leader);
    let first = app.leadership().unwrap();
    fail_over(&app).await;
    // It leads until the handlers that are told of it are done.
    assert!(first.is_held());
    app.advance(ms(10)).await;
    assert!(!first.is_held());
    assert_eq!(
        noted(),
        ["losing Leader", "follower Follower", "leader Leader"]
    );
    let second = app.leadership().unwrap();
    assert_eq!(second.token(), first.token() + 1);
    assert_eq!(second.election(), "test");

    let a = lamp(&app, "a");
    let stale = first
        .store()
        .transaction(|tx| tx.set(a, Lamp::FIELDS.Level, 1));
    assert!(matches!(
        stale.await,
        Err(Error::StaleFence {
            token: 1,
            newest: 2,
            ..
        })
    ));
    let fresh = second
        .store()
        .transaction(|tx| tx.set(a, Lamp::FIELDS.Level, 2));
    fresh.await.unwrap();
    assert_eq!(app.store().read(a, Lamp::FIELDS.Level).unwrap(), 2);
}

fn named(app: &mut AppBuilder) {
    app.instance("kitchen");
}

#[qlib::test(setup = named)]
async fn the_service_shows_who_leads(app: TestApp) {
    assert_eq!(value(&app, "ApplicationName"), Some(Value::from("test")));
    assert_eq!(value(&app, "Leader"), Some(Value::from("kitchen")));
    assert_eq!(value(&app, "Candidates"), Some(Value::from("kitchen")));
    assert_eq!(value(&app, "HeartbeatTrigger"), Some(Value::Int(0)));
    assert_eq!(value(&app, "LogLevel"), Some(Value::Int(3)));
    assert_eq!(value(&app, "QLibLogLevel"), Some(Value::Int(3)));
}

/// When the leader's heart beat, in milliseconds since the last call.
fn beats(heart: &mut Subscription) -> Vec<i64> {
    let written = std::iter::from_fn(|| heart.try_next()).map(|event| match event {
        Event::Change(beat) => crate::common::at(beat.time()),
        other => panic!("{other:?}"),
    });
    written.collect()
}

#[qlib::test]
async fn the_heart_of_a_leader_beats(app: TestApp) {
    let heart = app.store().subscribe_named("Service", "HeartbeatTrigger");
    let mut heart = heart.entity(app.service()).writes().start().unwrap();
    app.advance(ms(20_000)).await;
    assert_eq!(beats(&mut heart), [7_500, 15_000]);
    fail_over(&app).await;
    app.advance(ms(7_500)).await;
    assert_eq!(beats(&mut heart), [20_000, 27_500]);
    app.store().disconnect().unwrap();
    app.advance(ms(60_000)).await;
    assert_eq!(app.state(), State::Unavailable);
    app.store().connect().unwrap();
    app.settle().await;
    assert_eq!(beats(&mut heart), [87_500]);
}

#[test]
fn an_instance_that_ends_is_shown_no_more() {
    qlib_tests::run(async {
        let store = Store::memory().unwrap();
        let builder = App::builder("ending").store(store.clone());
        let running = builder.start().await.unwrap();
        while running.app().state() != State::Leader {
            qlib_tests::yield_now().await;
        }
        let app = running.app().clone();
        assert!(value(&app, "Leader").is_some());
        running.stop().await;
        assert_eq!(value(&app, "Leader"), None);
        assert_eq!(value(&app, "Candidates"), None);
    });
}

#[qlib::test(workers(Told))]
async fn without_a_store_nobody_leads(app: TestApp) {
    noted();
    app.store().disconnect().unwrap();
    app.advance(ms(10)).await;
    assert_eq!(app.state(), State::Unavailable);
    assert!(app.leadership().is_none());
    assert_eq!(
        noted(),
        ["losing Leader", "follower Follower", "unavailable"]
    );
    app.store().connect().unwrap();
    app.settle().await;
    assert_eq!(noted(), ["leader Leader"]);
}

#[on_change(Lamp.Level, leader)]
async fn leading(change: Change<Lamp, i64>, leadership: &Leadership, cx: &mut Cx) -> Result<()> {
    note(format!("{} with {}", change.current(), leadership.token()));
    change.entity(cx)?.set_echo(change.current()).commit().await
}

#[derive(Default)]
struct Leading;

#[worker(leader)]
impl Leading {
    #[on_change(Lamp.Level)]
    async fn level(&mut self, change: Change<Lamp, i64>, cx: &mut Cx) -> Result<()> {
        note(format!("{}", change.current()));
        change.entity(cx)?.set_echo(change.current()).commit().await
    }

    #[on_losing_leadership]
    async fn losing(&mut self) -> Result<()> {
        note("losing");
        Ok(())
    }

    #[on_follower]
    async fn follow(&mut self) -> Result<()> {
        note("follower");
        Ok(())
    }
}

#[qlib::test(workers(leading), preload = lamps)]
async fn a_handler_of_the_leader_has_its_leadership(app: TestApp) {
    level(&app, lamp(&app, "a"), 1).await;
    app.settle().await;
    fail_over(&app).await;
    level(&app, lamp(&app, "a"), 2).await;
    app.settle().await;
    assert_eq!(noted(), ["1 with 1", "2 with 2"]);
}

#[qlib::test(workers(Leading), preload = lamps)]
async fn a_worker_of_the_leader_acts_while_it_leads(app: TestApp) {
    let a = lamp(&app, "a");
    level(&app, a, 1).await;
    app.settle().await;
    assert_eq!(app.store().read(a, Lamp::FIELDS.Echo).unwrap(), 1);
    fail_over(&app).await;
    assert_eq!(noted(), ["1", "losing", "follower"]);
    app.assert_dead_letters(0);
}

thread_local! {
    static FAILURES: Cell<u32> = const { Cell::new(0) };
}

#[on_change(Lamp.Level, leader, retry(times = 2))]
async fn trying(change: Change<Lamp, i64>, leadership: &Leadership) -> Result<()> {
    note(format!("{} with {}", change.current(), leadership.token()));
    match FAILURES.get().checked_sub(1) {
        Some(left) => {
            FAILURES.set(left);
            Err(Error::other("no luck"))
        }
        None => Ok(()),
    }
}

#[qlib::test(workers(trying), preload = lamps)]
async fn a_retry_that_is_due_while_it_does_not_lead_waits(app: TestApp) {
    FAILURES.set(1);
    level(&app, lamp(&app, "a"), 1).await;
    app.settle().await;
    app.store().disconnect().unwrap();
    app.advance(ms(5_000)).await;
    assert_eq!(app.state(), State::Unavailable);
    assert_eq!(noted(), ["1 with 1"]);
    app.store().connect().unwrap();
    app.settle().await;
    assert_eq!(noted(), ["1 with 2"]);
    app.assert_dead_letters(0);
}

#[qlib::test(workers(trying), preload = lamps)]
async fn a_dead_letter_that_is_tried_again_while_it_does_not_lead_waits(app: TestApp) {
    FAILURES.set(2);
    level(&app, lamp(&app, "a"), 1).await;
    app.advance(ms(100)).await;
    let letters = app.assert_dead_letters(1);
    assert_eq!(noted(), ["1 with 1", "1 with 1"]);
    app.store().disconnect().unwrap();
    app.settle().await;
    app.retry(letters[0].id).unwrap();
    app.settle().await;
    app.assert_dead_letters(1);
    app.store().connect().unwrap();
    app.settle().await;
    assert_eq!(noted(), ["1 with 2"]);
    app.assert_dead_letters(0);
}

#[test]
fn an_application_that_ends_hands_over() {
    let plan = qlib::__private::TestPlan::new().worker::<Told>();
    qlib::__private::run_test(plan, |_app| async {
        noted();
    });
    assert_eq!(noted(), ["losing Leader", "follower Follower", "deinit"]);
}
