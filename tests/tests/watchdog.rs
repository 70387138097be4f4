//! A handler that blocks the thread cannot be stopped, but is named, and the application is
//! Unavailable. The watchdog counts real time; the handler blocks until it is named, not for a time.
#![allow(missing_docs, clippy::unwrap_used)]

use std::cell::{Cell, RefCell};
use std::fmt::Debug;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use qlib::prelude::*;
use qlib::{AppBuilder, TestApp, Transaction};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

#[derive(Entity, Debug)]
struct Lamp {
    #[field(default = 0)]
    level: i64,
    #[field(default = 0)]
    echo: i64,
}

/// Sends what the watchdog says.
struct Reports(Sender<String>);

impl<S: tracing::Subscriber> Layer<S> for Reports {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        struct Text(String);
        impl Visit for Text {
            fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
                self.0 += &format!("{}={value:?} ", field.name());
            }
        }
        if std::thread::current().name() == Some("qlib-watchdog") {
            let mut text = Text(String::new());
            event.record(&mut text);
            // The test may be over.
            let _ = self.0.send(text.0);
        }
    }
}

thread_local! {
    static REPORTS: RefCell<Option<Receiver<String>>> = const { RefCell::new(None) };
    static JOURNAL: RefCell<Vec<(u128, String)>> = const { RefCell::new(Vec::new()) };
    static BEGAN: Cell<Timestamp> = const { Cell::new(Timestamp::EPOCH) };
    static FAILING: Cell<bool> = const { Cell::new(true) };
}

fn report() -> String {
    REPORTS.with_borrow(|reports| reports.as_ref().unwrap().recv().unwrap())
}

/// Blocks the thread until the watchdog has named the handler.
fn block() {
    // What it says first may be that the thread answered after the call before.
    let mut said = report();
    if said.contains("answers again") {
        said = report();
    }
    assert!(said.contains("handler=Worker::blocks"), "{said}");
    assert!(said.contains("blocks the main thread"), "{said}");
}

/// Notes what happens and the application's state, with the milliseconds since the test began.
fn note(text: &str, cx: &Cx) {
    let at = Timestamp::now().since(BEGAN.get()).as_millis();
    let text = format!("{text}, {:?}", cx.app().state());
    JOURNAL.with_borrow_mut(|journal| journal.push((at, text)));
}

#[derive(Default)]
struct Worker;

#[worker]
impl Worker {
    #[on_change(Lamp.Level)]
    async fn blocks(&mut self, cx: &mut Cx) -> Result<()> {
        note("call", cx);
        if !FAILING.get() {
            return Ok(());
        }
        block();
        note("named", cx);
        Err(Error::other("too busy"))
    }

    #[on_change(Lamp.Echo)]
    async fn echo(&mut self, cx: &mut Cx) -> Result<()> {
        note("echo", cx);
        Ok(())
    }

    #[on_signal(Leadership.BecameUnavailable)]
    async fn unavailable(&mut self, cx: &mut Cx) -> Result<()> {
        note("told", cx);
        Ok(())
    }

    #[on_leader]
    async fn leads(&mut self, cx: &mut Cx) -> Result<()> {
        note("leads", cx);
        Ok(())
    }
}

fn setup(app: &mut AppBuilder) {
    app.patience(Duration::from_millis(100));
    BEGAN.set(Timestamp::now());
}

fn lamp(tx: &mut Transaction<'_>) -> Result<()> {
    tx.create(EntityId::ROOT, "lamp", Lamp::builder()).map(drop)
}

#[qlib::test(workers(Worker), setup = setup, preload = lamp)]
async fn a_handler_that_blocks_the_thread_is_named_and_fails_as_others_do(app: TestApp) {
    let (sender, reports) = channel();
    REPORTS.set(Some(reports));
    let subscriber = tracing_subscriber::registry().with(Reports(sender));
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let lamp = app.store().find("/lamp").unwrap();
    let mut lamp = app.store().entity::<Lamp>(lamp).unwrap();
    lamp.set_level(1).commit().await.unwrap();
    app.advance(Duration::from_millis(250)).await;
    lamp.set_echo(1).commit().await.unwrap();
    app.advance(Duration::from_millis(8_250)).await;
    let mut expected = vec![(0, "leads, Leader")];
    for at in [0, 100, 500, 2_100, 8_500] {
        if at == 500 {
            expected.push((250, "echo, Leader"));
        }
        expected.extend([
            (at, "call, Leader"),
            (at, "named, Unavailable"),
            (at, "told, Unavailable"),
            (at, "leads, Leader"),
        ]);
    }
    let expected = expected.into_iter().map(|(at, text)| (at, text.to_owned()));
    assert_eq!(JOURNAL.take(), expected.collect::<Vec<_>>());
    assert!(report().contains("answers again"));

    let letters = app.assert_dead_letters(1);
    assert_eq!(letters[0].handler, "Worker::blocks");
    assert_eq!((&*letters[0].error, letters[0].attempts), ("too busy", 5));
    FAILING.set(false);
    app.retry(letters[0].id).unwrap();
    app.settle().await;
    app.assert_dead_letters(0);
    assert_eq!(JOURNAL.take(), [(8_500, "call, Leader".to_owned())]);

    FAILING.set(true);
    lamp.set_level(2).commit().await.unwrap();
    app.advance(Duration::from_millis(8_500)).await;
    let letters = app.assert_dead_letters(1);
    app.dismiss(letters[0].id).unwrap();
    app.assert_dead_letters(0);
}
