//! A handler that blocks the thread cannot be stopped, but is named. Real time counts here; the test
//! waits for the report, not for a time.
#![allow(missing_docs, clippy::unwrap_used)]

use std::cell::RefCell;
use std::fmt::Debug;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use qlib::prelude::*;
use qlib::{AppBuilder, State, TestApp, Transaction};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

#[derive(Entity, Debug)]
struct Lamp {
    #[field(default = 0)]
    level: i64,
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
    static SEEN: RefCell<Vec<State>> = const { RefCell::new(Vec::new()) };
}

fn report() -> String {
    REPORTS.with_borrow(|reports| reports.as_ref().unwrap().recv().unwrap())
}

fn see(state: State) {
    SEEN.with_borrow_mut(|seen| seen.push(state));
}

#[derive(Default)]
struct Worker;

#[worker]
impl Worker {
    #[on_change(Lamp.Level)]
    async fn blocks(&mut self, cx: &mut Cx) -> Result<()> {
        see(cx.app().state());
        // Blocks the thread until the watchdog has reported it.
        let report = report();
        assert!(report.contains("handler=Worker::blocks"), "{report}");
        assert!(report.contains("blocks the main thread"), "{report}");
        see(cx.app().state());
        Ok(())
    }
}

fn setup(app: &mut AppBuilder) {
    app.patience(Duration::from_millis(100));
}

fn lamp(tx: &mut Transaction<'_>) -> Result<()> {
    tx.create(EntityId::ROOT, "lamp", Lamp::builder()).map(drop)
}

#[qlib::test(workers(Worker), setup = setup, preload = lamp)]
async fn a_handler_that_blocks_the_thread_is_named(app: TestApp) {
    let (sender, reports) = channel();
    REPORTS.set(Some(reports));
    let subscriber = tracing_subscriber::registry().with(Reports(sender));
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let lamp = app.store().find("/lamp").unwrap();
    let mut lamp = app.store().entity::<Lamp>(lamp).unwrap();
    lamp.set_level(1).commit().await.unwrap();
    app.settle().await;
    assert!(report().contains("answers again"));
    see(app.state());
    assert_eq!(
        SEEN.take(),
        [State::Leader, State::Unavailable, State::Leader]
    );
    app.assert_dead_letters(0);
}
