//! Errors, panics and time-outs: when a handler is called again, and what happens meanwhile.

use std::cell::Cell;

use qlib::prelude::*;
use qlib::{State, TestApp};

use crate::common::{Lamp, echo, lamp, lamps, level, ms, note, noted, timed, times_of};

thread_local! {
    static FAILING: Cell<bool> = const { Cell::new(true) };
}

#[derive(Default)]
struct Erring {
    calls: u32,
}

#[worker]
impl Erring {
    #[init]
    async fn init(&mut self) -> Result<()> {
        note("init");
        Ok(())
    }

    #[on_change(Lamp.Level)]
    async fn fails(&mut self, change: Change<Lamp, i64>) -> Result<()> {
        self.calls += 1;
        note(format!("call {} with {}", self.calls, change.current()));
        match FAILING.get() {
            true => Err(Error::other("no luck")),
            false => Ok(()),
        }
    }

    #[on_change(Lamp.Echo)]
    async fn echo(&mut self) -> Result<()> {
        note("echo");
        Ok(())
    }
}

#[derive(Default)]
struct Panicking {
    calls: u32,
}

#[worker]
impl Panicking {
    #[init]
    async fn init(&mut self) -> Result<()> {
        note("init");
        Ok(())
    }

    #[on_change(Lamp.Level)]
    async fn fails(&mut self, change: Change<Lamp, i64>) -> Result<()> {
        self.calls += 1;
        note(format!("call {} with {}", self.calls, change.current()));
        assert!(!FAILING.get(), "bad day");
        Ok(())
    }

    #[on_change(Lamp.Echo)]
    async fn echo(&mut self) -> Result<()> {
        note("echo");
        Ok(())
    }
}

#[derive(Default)]
struct Waiting;

#[worker]
impl Waiting {
    #[on_change(Lamp.Level, limit = "1s")]
    async fn fails(&mut self) -> Result<()> {
        struct Dropped;
        impl Drop for Dropped {
            fn drop(&mut self) {
                note("dropped");
            }
        }
        note("call");
        if FAILING.get() {
            let _dropped = Dropped;
            std::future::pending::<()>().await;
        }
        Ok(())
    }

    #[on_change(Lamp.Echo)]
    async fn echo(&mut self) -> Result<()> {
        note("echo");
        Ok(())
    }
}

/// Lets the handler fail until its change is parked, and dismisses that.
async fn fail_and_dismiss(app: &TestApp, lamp: EntityId) {
    FAILING.set(true);
    level(app, lamp, 9).await;
    app.advance(ms(13_500)).await;
    let letters = app.assert_dead_letters(1);
    assert_eq!(letters[0].attempts, 5);
    app.dismiss(letters[0].id).unwrap();
    app.assert_dead_letters(0);
}

#[qlib::test(workers(Erring), preload = lamps)]
async fn an_error_is_tried_again_after_growing_pauses(app: TestApp) {
    let lamp = lamp(&app, "a");
    level(&app, lamp, 7).await;
    app.advance(ms(250)).await;
    echo(&app, lamp, 1).await;
    level(&app, lamp, 8).await;
    app.advance(ms(8_249)).await;
    app.assert_dead_letters(0);
    app.advance(ms(1)).await;
    let letters = app.assert_dead_letters(1);
    let expected = [
        (0, "init"),
        (0, "call 1 with 7"),
        (100, "call 2 with 7"),
        (250, "echo"),
        (500, "call 3 with 7"),
        (2_100, "call 4 with 7"),
        (8_500, "call 5 with 7"),
        // The change that waited, once the one before it was parked.
        (8_500, "call 6 with 8"),
    ];
    assert_eq!(timed(), expected.map(|(at, text)| (at, text.to_owned())));
    let letter = &letters[0];
    assert_eq!(letter.handler, "Erring::fails");
    assert_eq!(letter.entity, lamp.to_string());
    assert_eq!(letter.field, "Level");
    assert_eq!(letter.error, "no luck");
    assert_eq!(letter.attempts, 5);
    assert_eq!(letter.time, app.now());
    assert_eq!(app.state(), State::Leader);

    app.advance(ms(8_500)).await;
    let letters = app.assert_dead_letters(2);
    noted();

    // The operator tries the first one again, in vain: five more calls, then a new letter.
    app.retry(letters[0].id).unwrap();
    app.retry(letters[0].id).unwrap_err();
    app.advance(ms(8_500)).await;
    let mut ids: Vec<_> = app.assert_dead_letters(2).iter().map(|it| it.id).collect();
    assert_eq!(ids[0], letters[1].id);
    assert_eq!(times_of("call"), [17_000, 17_100, 17_500, 19_100, 25_500]);

    // Then it works, and the letter is gone.
    FAILING.set(false);
    app.retry(ids.remove(1)).unwrap();
    app.settle().await;
    app.assert_dead_letters(1);
    app.dismiss(ids[0]).unwrap();
    app.assert_dead_letters(0);
    app.dismiss(ids[0]).unwrap_err();
    assert_eq!(noted(), ["call 16 with 7"]);
}

#[qlib::test(workers(Panicking), preload = lamps)]
async fn after_a_panic_the_worker_is_made_anew(app: TestApp) {
    let lamp = lamp(&app, "a");
    level(&app, lamp, 7).await;
    app.advance(ms(250)).await;
    echo(&app, lamp, 1).await;
    app.advance(ms(8_250)).await;
    let expected = [
        (0, "init"),
        (0, "call 1 with 7"),
        (0, "init"),
        (100, "call 1 with 7"),
        (100, "init"),
        (250, "echo"),
        (500, "call 1 with 7"),
        (500, "init"),
        (2_100, "call 1 with 7"),
        (2_100, "init"),
        (8_500, "call 1 with 7"),
        (8_500, "init"),
    ];
    assert_eq!(timed(), expected.map(|(at, text)| (at, text.to_owned())));
    let letters = app.assert_dead_letters(1);
    assert_eq!(letters[0].error, "it panicked: bad day");

    FAILING.set(false);
    app.retry(letters[0].id).unwrap();
    app.settle().await;
    app.assert_dead_letters(0);
    level(&app, lamp, 8).await;
    app.settle().await;
    assert_eq!(noted(), ["call 1 with 7", "call 2 with 8"]);
    fail_and_dismiss(&app, lamp).await;
}

#[qlib::test(workers(Waiting), preload = lamps)]
async fn a_call_past_its_limit_is_dropped_and_tried_again(app: TestApp) {
    let lamp = lamp(&app, "a");
    level(&app, lamp, 7).await;
    app.advance(ms(500)).await;
    echo(&app, lamp, 1).await;
    app.advance(ms(13_000)).await;
    let expected = [
        (0, "call"),
        (1_000, "dropped"),
        // One event at a time: the other handler runs between two calls.
        (1_000, "echo"),
        (1_100, "call"),
        (2_100, "dropped"),
        (2_500, "call"),
        (3_500, "dropped"),
        (5_100, "call"),
        (6_100, "dropped"),
        (12_500, "call"),
        (13_500, "dropped"),
    ];
    assert_eq!(timed(), expected.map(|(at, text)| (at, text.to_owned())));
    let letters = app.assert_dead_letters(1);
    assert_eq!(letters[0].error, "it awaited past its limit of 1s");
    FAILING.set(false);
    app.retry(letters[0].id).unwrap();
    app.settle().await;
    app.assert_dead_letters(0);
    fail_and_dismiss(&app, lamp).await;
}

#[on_change(Lamp.Level, retry(times = 2, first = "1s"))]
async fn impatient() -> Result<()> {
    note("call");
    Err(Error::other("no luck"))
}

#[qlib::test(workers(impatient), preload = lamps)]
async fn a_handler_says_how_often_it_is_called(app: TestApp) {
    level(&app, lamp(&app, "a"), 1).await;
    app.advance(ms(60_000)).await;
    assert_eq!(times_of("call"), [0, 1_000]);
    assert_eq!(app.assert_dead_letters(1)[0].attempts, 2);
}

#[qlib::test(workers(impatient), preload = lamps)]
async fn a_dead_letter_waits_for_the_connection(app: TestApp) {
    level(&app, lamp(&app, "a"), 1).await;
    app.store().disconnect().unwrap();
    app.advance(ms(5_000)).await;
    app.assert_dead_letters(0);
    app.store().connect().unwrap();
    app.advance(ms(60_000)).await;
    // The change was not lost meanwhile: it is tried again, and given up again.
    assert_eq!(times_of("call"), [0, 1_000, 11_000]);
    assert_eq!(app.assert_dead_letters(1)[0].attempts, 3);
}

#[on_change(Lamp.Level)]
async fn hopeless(change: Change<Lamp, i64>, cx: &mut Cx) -> Result<()> {
    note("call");
    cx.store().subscribe_named("Nonsense", "Level").start()?;
    change.entity(cx)?.set_level(1).commit().await
}

#[qlib::test(workers(hopeless), preload = lamps)]
async fn an_error_that_cannot_heal_is_parked_at_once(app: TestApp) {
    level(&app, lamp(&app, "a"), 1).await;
    app.settle().await;
    let letters = app.assert_dead_letters(1);
    assert_eq!(letters[0].attempts, 1);
    assert_eq!(letters[0].error, "there is no type Nonsense");
    assert_eq!(noted(), ["call"]);
}

#[on_change(Lamp.Level)]
async fn late(change: Change<Lamp, i64>, cx: &mut Cx) -> Result<()> {
    note("call");
    change.entity(cx)?.set_echo(1).commit().await
}

#[qlib::test(workers(late), preload = lamps)]
async fn a_handler_whose_own_entity_is_gone_is_done(app: TestApp) {
    let lamp = lamp(&app, "a");
    level(&app, lamp, 1).await;
    let gone = app.store().transaction(|tx| {
        tx.delete(lamp);
        Ok(())
    });
    gone.await.unwrap();
    app.advance(ms(60_000)).await;
    assert_eq!(noted(), ["call"]);
    app.assert_dead_letters(0);
}

#[on_change(Lamp.Level, when(10 / current > 1))]
async fn dividing(change: Change<Lamp, i64>) -> Result<()> {
    note(format!("{}", change.current()));
    Ok(())
}

#[qlib::test(workers(dividing, Erring), preload = lamps)]
async fn a_condition_that_panics_is_a_failure_of_its_handler(app: TestApp) {
    FAILING.set(false);
    let lamp = lamp(&app, "a");
    for value in [1, 0, 100] {
        level(&app, lamp, value).await;
    }
    app.advance(ms(60_000)).await;
    let letters = app.assert_dead_letters(1);
    assert_eq!(letters[0].handler, "dividing");
    assert_eq!(letters[0].error, "it panicked: attempt to divide by zero");
    let noted = noted();
    assert!(noted.contains(&"1".to_owned()), "{noted:?}");
    assert!(!noted.contains(&"100".to_owned()), "{noted:?}");
}
