//! The test kit: an application on a store in memory, with a clock that only the test moves.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use tokio::time::Instant;

use crate::app::builder::Preload;
use crate::app::{App, AppBuilder, DeadLetter, Registry, RunningApp, Worker};
use crate::model::{Clock, Entity, Field, FieldType, Result, Timestamp};
use crate::store::{Changes, FieldEvent, Store, Transaction, WindowLimits};

/// 2026-01-01T00:00:00Z: where the clock of every test starts.
const START: Timestamp = Timestamp::from_nanos(1_767_225_600_000_000_000);

/// Rounds without progress after which an application is quiet.
const QUIET: usize = 8;

/// Adds to the application that is tested.
type Describe = Box<dyn Fn(&mut AppBuilder)>;

/// Opens the store of the application that is tested.
type Open = Box<dyn Fn() -> Result<Store>>;

/// What `#[qlib::test]` was given.
#[derive(Default)]
pub struct TestPlan {
    workers: Vec<&'static str>,
    enter: Vec<fn(&mut Registry)>,
    preload: Vec<Preload>,
    setup: Vec<Describe>,
    open: Option<Open>,
}

impl std::fmt::Debug for TestPlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "test with {:?}", self.workers)
    }
}

impl TestPlan {
    /// No workers yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs this worker.
    #[must_use]
    pub fn worker<W: Worker>(mut self) -> Self {
        self.workers.push(W::NAME);
        self
    }

    /// Makes entities before the workers start.
    #[must_use]
    pub fn preload(
        mut self,
        work: impl FnMut(&mut Transaction<'_>) -> Result<()> + 'static,
    ) -> Self {
        self.preload.push(Box::new(work));
        self
    }

    /// Opens the store, when the application starts and when it starts again; one in memory unless this
    /// says else.
    #[must_use]
    pub fn store(mut self, open: impl Fn() -> Result<Store> + 'static) -> Self {
        self.open = Some(Box::new(open));
        self
    }

    /// Adds to the application, as the `setup` of `qlib::main!` does.
    #[must_use]
    pub fn setup<R: crate::app::SetupResult>(
        mut self,
        setup: impl Fn(&mut AppBuilder) -> R + 'static,
    ) -> Self {
        self.setup.push(Box::new(move |app| {
            if let Err(error) = setup(app).outcome() {
                panic!("the setup of the test failed: {error}");
            }
        }));
        self
    }
}

/// An application under test: on a store in memory, with the workers that the test names, and with a
/// clock that only the test moves.
///
/// ```
/// use std::time::Duration;
/// use qlib::TestApp;
/// use qlib::prelude::*;
///
/// #[derive(Entity, Debug)]
/// struct Clock {
///     #[field(default = 0)]
///     seconds: i64,
/// }
///
/// #[every("1s")]
/// async fn tick(cx: &mut Cx) -> Result<()> {
///     let clock = cx.store().find("/Clock")?;
///     cx.transaction(|tx| tx.add(clock, Clock::FIELDS.Seconds, 1)).await
/// }
///
/// fn clock(tx: &mut qlib::Transaction<'_>) -> Result<()> {
///     tx.create(EntityId::ROOT, "Clock", Clock::builder()).map(drop)
/// }
///
/// #[qlib::test(workers(tick), preload = clock)]
/// async fn a_minute_has_sixty_seconds(app: TestApp) {
///     let mut seconds = app.record(Clock::FIELDS.Seconds);
///     app.advance(Duration::from_secs(60)).await;
///     seconds.assert(1..=60);
///     app.assert_dead_letters(0);
/// }
/// ```
#[derive(Clone)]
pub struct TestApp {
    app: App,
    kit: Rc<Kit>,
}

/// What outlives a restart of the application.
struct Kit {
    hold: Hold,
    plan: RefCell<TestPlan>,
    running: RefCell<Option<RunningApp>>,
}

impl std::fmt::Debug for TestApp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.app.fmt(f)
    }
}

impl std::ops::Deref for TestApp {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

/// Holds tokio's paused clock still: it would run on by itself whenever all tasks wait, except while
/// a blocking task runs.
#[derive(Debug)]
struct Hold {
    release: RefCell<Option<mpsc::Sender<()>>>,
}

impl Hold {
    fn new() -> Self {
        let hold = Self {
            release: RefCell::new(None),
        };
        hold.take();
        hold
    }

    fn take(&self) {
        let (release, released) = mpsc::channel::<()>();
        drop(tokio::task::spawn_blocking(move || {
            released.recv().is_err()
        }));
        self.release.replace(Some(release));
    }

    fn let_go(&self) {
        self.release.take();
    }
}

/// Runs the body of a test.
///
/// # Panics
/// The application does not start: the test fails.
pub fn run_test<F, R>(plan: TestPlan, body: impl FnOnce(TestApp) -> F) -> R
where
    F: Future<Output = R>,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => panic!("no runtime for the test: {error}"),
    };
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let hold = Hold::new();
        test_clock().install();
        let kit = Rc::new(Kit {
            hold,
            plan: RefCell::new(plan),
            running: RefCell::new(None),
        });
        let app = kit.start(None).await;
        let outcome = body(app).await;
        kit.stop().await;
        outcome
    })
}

impl Kit {
    /// Starts the application, on the store that another one had if there was one.
    async fn start(self: &Rc<Self>, store: Option<Store>) -> TestApp {
        let starting = self.builder(store).start();
        let running = match starting.await {
            Ok(running) => running,
            Err(error) => panic!("the application of the test does not start: {error}"),
        };
        let app = TestApp {
            app: running.app().clone(),
            kit: Rc::clone(self),
        };
        self.running.replace(Some(running));
        app.settle().await;
        app
    }

    fn builder(&self, store: Option<Store>) -> AppBuilder {
        let plan = &mut *self.plan.borrow_mut();
        let mut builder = App::builder("test").collected();
        builder.registry.keep_workers(&plan.workers);
        for enter in &plan.enter {
            enter(&mut builder.registry);
        }
        let in_memory = || Store::memory_with(Clock::current(), WindowLimits::default());
        let opened = match (&plan.open, store) {
            (Some(open), _) => open(),
            (None, Some(store)) => Ok(store),
            (None, None) => in_memory(),
        };
        match opened {
            Ok(store) => builder = builder.store(store),
            Err(error) => panic!("no store for the test: {error}"),
        }
        // What it makes is still there when the application starts again.
        builder.preload.append(&mut plan.preload);
        for setup in &plan.setup {
            setup(&mut builder);
        }
        builder
    }

    async fn stop(&self) {
        // Time limits of the end must be able to pass.
        self.hold.let_go();
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }
}

/// A clock that shows tokio's paused time; to threads without a runtime, what it showed last.
fn test_clock() -> Clock {
    let (begun, shown) = (Instant::now(), AtomicI64::new(START.as_nanos()));
    Clock::reading(move || {
        if tokio::runtime::Handle::try_current().is_ok() {
            let now = START + begun.elapsed();
            shown.fetch_max(now.as_nanos(), Ordering::AcqRel);
        }
        Timestamp::from_nanos(shown.load(Ordering::Acquire))
    })
}

impl TestApp {
    /// Waits until no event is queued and every handler is idle or waits for time to pass. Moves no
    /// time itself: a handler that will be called again after a pause waits.
    pub async fn settle(&self) {
        let mut quiet = 0;
        let mut seen = (self.app.progress(), self.store().revision());
        while quiet < QUIET {
            tokio::task::yield_now().await;
            let now = (self.app.progress(), self.store().revision());
            let is_quiet = now == seen && !self.store().is_replaying();
            quiet = if is_quiet { quiet + 1 } else { 0 };
            seen = now;
        }
    }

    /// Moves time by `duration`, from timer to timer; whatever one provokes is handled before the
    /// next one fires.
    pub async fn advance(&self, duration: Duration) {
        self.settle().await;
        let end = Instant::now() + duration;
        self.kit.hold.let_go();
        tokio::time::sleep_until(end).await;
        self.kit.hold.take();
        self.settle().await;
    }

    /// Ends the application in order, lets `down` pass, and starts it again, with new workers on the
    /// same store: one in memory goes on, one that the test opens is closed and opened again.
    ///
    /// ```
    /// use std::time::Duration;
    /// use qlib::TestApp;
    /// use qlib::prelude::*;
    ///
    /// #[every("1h", persistent = "report", catch_up = "once")]
    /// async fn report(cx: &mut Cx) -> Result<()> {
    ///     let service = cx.service();
    ///     cx.tx()?.set_value(service, "Description", Some("reported".into()))
    /// }
    ///
    /// #[qlib::test(workers(report))]
    /// async fn a_report_that_was_missed_is_made_at_the_start(app: TestApp) -> Result<()> {
    ///     let app = app.restart(Duration::from_secs(90 * 60)).await;
    ///     let made = app.store().view().value(app.service(), "Description")?;
    ///     assert_eq!(made, Some("reported".into()));
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Panics
    /// The store cannot be closed, or the application does not start: the test fails.
    #[must_use]
    pub async fn restart(self, down: Duration) -> Self {
        let Self { app, kit } = self;
        kit.stop().await;
        if kit.plan.borrow().open.is_some()
            && let Err(error) = app.store().close()
        {
            panic!("the store of the test cannot be closed: {error}");
        }
        tokio::time::sleep(down).await;
        kit.hold.take();
        let store = app.store().clone();
        drop(app);
        kit.start(Some(store)).await
    }

    /// The application's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.store().clock().now()
    }

    /// Records the changes of a field from now on.
    ///
    /// # Panics
    /// The store does not know the field: the test fails.
    #[must_use]
    pub fn record<E: Entity, T: FieldType>(&self, field: Field<E, T>) -> Recorder<E, T> {
        match self.store().subscribe(field).start() {
            Ok(changes) => Recorder { changes },
            Err(error) => panic!("{field:?} cannot be recorded: {error}"),
        }
    }

    /// Fails the test unless there are just so many dead letters; gives them.
    ///
    /// # Panics
    /// There are more or fewer.
    #[track_caller]
    pub fn assert_dead_letters(&self, count: usize) -> Vec<DeadLetter> {
        let letters = self.dead_letters();
        assert_eq!(letters.len(), count, "dead letters: {letters:#?}");
        letters
    }
}

/// The changes of one field since it was made.
#[derive(Debug)]
pub struct Recorder<E, T> {
    changes: Changes<E, T>,
}

impl<E: Entity, T: FieldType> Recorder<E, T> {
    /// The values that the field was changed to since the last call, in order.
    ///
    /// # Panics
    /// A value does not fit the type, or changes were lost: the test fails.
    pub fn take(&mut self) -> Vec<T> {
        let mut values = Vec::new();
        loop {
            match self.changes.try_next() {
                Ok(Some(FieldEvent::Change(change))) => {
                    match T::decode(change.delivery().current()) {
                        Ok(value) => values.push(value),
                        Err(fault) => panic!("{change:?} does not fit: {fault:?}"),
                    }
                }
                Ok(Some(FieldEvent::Lagged(lagged))) => panic!("changes were lost: {lagged:?}"),
                Ok(Some(_)) => {}
                Ok(None) => return values,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Fails the test unless the field was changed to just these values since the last call.
    ///
    /// # Panics
    /// It was changed to others.
    #[track_caller]
    pub fn assert(&mut self, expected: impl IntoIterator<Item = impl Into<T>>)
    where
        T: std::fmt::Debug + PartialEq,
    {
        let expected: Vec<T> = expected.into_iter().map(Into::into).collect();
        assert_eq!(self.take(), expected);
    }
}
