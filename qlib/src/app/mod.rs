//! The application: workers on one main thread, their lifecycle, and what they share.

mod address;
mod boot;
mod builder;
mod call;
mod context;
mod cx;
mod dead_letter;
mod define;
mod failure;
mod leading;
mod logging;
mod main;
mod main_thread;
mod persistent;
mod registry;
mod report;
mod runner;
mod schema_command;
mod signal;
mod source;
#[cfg(feature = "test")]
mod test;
mod watchdog;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use tokio::sync::watch;

use crate::leader::{Election, Leadership, Shown, Standing, State};
use crate::model::EntityId;
use crate::store::Store;
use runner::{Attempt, Extra, HandlerCursor};
use watchdog::Beat;

pub use boot::RunningApp;
pub use builder::AppBuilder;
pub use context::{ContextOf, ContextValue, ContextValues, LeadsTo, Path, then};
pub use cx::{Cx, Request};
pub use dead_letter::DeadLetter;
pub use define::{
    AppSignals, ApplicationSignals, CallFuture, CatchUp, LeadershipSignals, OnChange, OnEvent,
    OnLagged, OnNothing, OnResync, OnSignal, OnTick, Origin, SystemSignal, SystemSignals, Wiring,
    Worker, WorkerDefinition,
};
pub use failure::{Failure, Outcome, Retry};
pub use main::{Main, SetupResult, main};
pub use main_thread::MainThread;
pub use registry::{EntityFieldValidator, Registration, Registry};
pub use report::BootReport;
pub use signal::{AnySignal, Signal};
#[cfg(feature = "test")]
pub use test::{Recorder, TestApp, TestPlan, run_test};

/// Settings of an application, with their defaults.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The rate of `#[every(tick)]`: 100 ms.
    pub(crate) tick: Duration,
    /// How long a worker's `init` and `deinit` may take: 10 s each.
    pub(crate) init_limit: Duration,
    /// How long the main thread may be blocked before the watchdog names the handler: 1 s.
    pub(crate) patience: Duration,
    /// How long the application runs, if it ends by itself.
    pub(crate) end_after: Option<Duration>,
    /// What this instance is called where instances are told apart.
    pub(crate) instance: SmolStr,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tick: Duration::from_millis(100),
            init_limit: Duration::from_secs(10),
            patience: watchdog::PATIENCE,
            end_after: None,
            instance: smol_str::format_smolstr!("{}", std::process::id()),
        }
    }
}

/// A running application. Clones are handles of the same application; they stay on its main thread.
///
/// `qlib::main!` starts one; [`App::builder`] does inside another program:
///
/// ```
/// use qlib::prelude::*;
///
/// #[derive(Entity, Debug)]
/// struct Lamp {
///     #[field(default = 0)]
///     level: i64,
/// }
///
/// #[on_change(Lamp.Level)]
/// async fn ending(change: Change<Lamp, i64>, cx: &mut Cx) -> Result<()> {
///     println!("{} of {}", change.current(), cx.app().name());
///     cx.shutdown();
///     Ok(())
/// }
///
/// # fn main() -> Result<()> {
/// let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
/// tokio::task::LocalSet::new().block_on(&runtime, async {
///     let app = App::builder("lamps").entity::<Lamp>();
///     let running = app.register(|registry| registry.worker::<ending>()).start().await?;
///     let store = running.app().store();
///     store.transaction(|tx| tx.create(EntityId::ROOT, "Desk", Lamp::builder().level(3))).await?;
///     running.stopped().await;
///     running.stop().await;
///     Ok(())
/// })
/// # }
/// ```
#[derive(Clone)]
pub struct App {
    inner: Rc<Inner>,
    store: Store,
}

struct Inner {
    name: SmolStr,
    options: Options,
    service: EntityId,
    wiring: RefCell<Wiring>,
    signals: AppSignals,
    election: RefCell<Election>,
    standing: Shown,
    beat: Arc<Beat>,
    /// Somebody asked that the application end.
    stop: watch::Sender<bool>,
    /// The leadership is given up: handlers end.
    end: watch::Sender<bool>,
    main_thread: MainThread,
    handlers: RefCell<FxHashMap<SmolStr, (Extra, Waker)>>,
    /// The durable cursors of the handlers.
    cursors: RefCell<Vec<Rc<HandlerCursor>>>,
    letters: RefCell<FxHashMap<EntityId, (SmolStr, Attempt)>>,
    dropped_letters: Cell<u64>,
    progress: Cell<u64>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "application {}", self.inner.name)
    }
}

impl App {
    /// Begins to describe an application that is started by hand: in tests, or inside another
    /// program.
    #[must_use]
    pub fn builder(name: &str) -> AppBuilder {
        AppBuilder::new(name)
    }

    /// The application's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The store. That of a durable handler's [`Cx::app`] commits nothing.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The same application, reached through another handle of its store.
    pub(crate) fn through(&self, store: &Store) -> Self {
        Self {
            inner: Rc::clone(&self.inner),
            store: store.clone(),
        }
    }

    /// The entity that stands for the application.
    #[must_use]
    pub fn service(&self) -> EntityId {
        self.inner.service
    }

    /// Ends the application in order, as SIGTERM does; returns at once.
    pub fn shutdown(&self) {
        self.inner.stop.send_replace(true);
    }

    /// A handle by which other threads run work on the main thread, in order.
    #[must_use]
    pub fn main_thread(&self) -> MainThread {
        self.inner.main_thread.clone()
    }

    /// The proof of leading, while this instance leads.
    #[must_use]
    pub fn leadership(&self) -> Option<Leadership> {
        let leadership = self.inner.election.borrow().leadership().cloned()?;
        Some(match self.store.is_of_durable_handler() {
            true => leadership.through(&self.store),
            false => leadership,
        })
    }

    pub(crate) fn leads(&self) -> bool {
        self.inner.election.borrow().leadership().is_some()
    }

    /// Whether this instance leads, follows, or cannot lead.
    #[must_use]
    pub fn state(&self) -> State {
        self.standing().state
    }

    /// Whether this instance leads, follows, or cannot lead, and why. Before there is an `App`,
    /// [`AppBuilder::standing`] shows it.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match self.inner.beat.is_blocked() {
            true => Standing::new(State::Unavailable, "a handler blocks the main thread"),
            false => self.inner.standing.now(),
        }
    }

    /// How many dead letters were dropped because newer ones needed their place.
    #[must_use]
    pub fn dropped_dead_letters(&self) -> u64 {
        self.inner.dropped_letters.get()
    }

    /// A store whose commits are the application's own.
    pub(crate) fn own_store(&self) -> Store {
        self.store.writing_as(self.inner.name.clone())
    }

    pub(crate) fn options(&self) -> &Options {
        &self.inner.options
    }

    pub(crate) fn wiring(&self) -> &RefCell<Wiring> {
        &self.inner.wiring
    }

    pub(crate) fn beat(&self) -> &Beat {
        &self.inner.beat
    }

    pub(crate) fn letters(&self) -> &RefCell<FxHashMap<EntityId, (SmolStr, Attempt)>> {
        &self.inner.letters
    }

    pub(crate) fn count_dropped_letter(&self) {
        self.inner
            .dropped_letters
            .set(self.inner.dropped_letters.get() + 1);
    }

    /// Notes that a worker was at work: a test that waits for quiet looks at it.
    pub(crate) fn note_progress(&self) {
        self.inner.progress.set(self.inner.progress.get() + 1);
    }

    /// Changes whenever a worker was at work.
    #[cfg(feature = "test")]
    pub(crate) fn progress(&self) -> u64 {
        self.inner.progress.get() + self.inner.beat.count()
    }

    pub(crate) fn register_handler(&self, name: &SmolStr, extra: &Extra, waker: &Waker) {
        self.inner
            .handlers
            .borrow_mut()
            .insert(name.clone(), (Rc::clone(extra), waker.clone()));
    }

    /// Gives a handler an input that does not come from its source.
    pub(crate) fn hand_to(&self, handler: &SmolStr, attempt: Attempt) -> Option<()> {
        let handlers = self.inner.handlers.borrow();
        let (extra, waker) = handlers.get(handler)?;
        extra.borrow_mut().push_back(attempt);
        waker.wake_by_ref();
        Some(())
    }

    /// Has every handler look again whether there is something to handle.
    pub(crate) fn wake_handlers(&self) {
        for (_, waker) in self.inner.handlers.borrow().values() {
            waker.wake_by_ref();
        }
    }

    /// Completes when the application is asked to end.
    pub(crate) fn stopping(&self) -> impl Future<Output = ()> + use<> {
        holds(&self.inner.stop)
    }

    /// Completes when handlers are to end.
    pub(crate) fn ending(&self) -> impl Future<Output = ()> + use<> {
        holds(&self.inner.end)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.beat.stop();
    }
}

fn holds(flag: &watch::Sender<bool>) -> impl Future<Output = ()> + use<> {
    let mut flag = flag.subscribe();
    async move {
        // An error means that the application is gone, which is an end too.
        let _ = flag.wait_for(|set| *set).await;
    }
}

/// Runs a test on the thread of an application, with a store on a disk that does as it is told.
#[cfg(test)]
fn run_on_simulated_disk(test: impl AsyncFnOnce(crate::log::Simulated, Store)) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let disk = crate::log::Simulated::default();
        let store = Store::options().open_disk(std::sync::Arc::new(disk.clone()));
        test(disk, store.unwrap()).await;
    });
}
