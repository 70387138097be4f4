//! Starting and ending an application, in order.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use smol_str::SmolStr;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::app::define::{AppSignals, Wiring};
use crate::app::main_thread::{MainThread, Work, serve};
use crate::app::registry::boot;
use crate::app::report::BootReport;
use crate::app::runner::AnyRunner;
use crate::app::watchdog::{self, Beat};
use crate::app::{App, AppBuilder, Cx, Inner};
use crate::leader::{Election, State};
use crate::model::{EntityId, Result, Value};
use crate::store::{Event, SERVICE, Store};

/// An application that was started.
pub struct RunningApp {
    app: App,
    report: BootReport,
    workers: Vec<JoinHandle<Box<dyn AnyRunner>>>,
    others: Vec<JoinHandle<()>>,
    main_thread: JoinHandle<()>,
}

impl std::fmt::Debug for RunningApp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}, running", self.app)
    }
}

impl RunningApp {
    pub(crate) async fn start(builder: AppBuilder) -> Result<Self> {
        if cfg!(panic = "abort") {
            return Err(boot("it was built with panic = \"abort\", so a panic in one handler would end all; remove that from the profile".into()));
        }
        let store = match builder.store {
            Some(store) => store,
            None => Store::memory()?,
        };
        // One that stands by boots up to here.
        builder.standing.stand_by(&store).await?;
        let own = store.writing_as(builder.name.clone());
        let mut report = BootReport::new(&builder.name, store.stats().log, &builder.registry);
        if let Some(cut) = store.health().cut {
            report.warnings.push(cut.to_string());
        }
        let wanted = builder.registry.wanted()?;
        report.schema = own.evolve(&wanted)?.steps().to_vec();
        for validator in &builder.registry.validators {
            let field = store.view().tree().resolve(validator.field)?;
            store.shared().validators.add(field, *validator);
        }
        for mut preload in builder.preload {
            own.transact(&mut preload)?;
        }
        let service = find_or_make_service(&own, &builder.name)?;
        // The report says what was changed.
        own.durable().await?;
        builder.validator.check(&store)?;

        let (main_thread, work) = MainThread::new();
        let signals = AppSignals::default();
        let app = App {
            inner: Rc::new(Inner {
                election: RefCell::new(Election::new(builder.name.clone(), own)),
                name: builder.name,
                options: builder.options,
                service,
                wiring: RefCell::new(Wiring::new(signals.clone())),
                signals,
                standing: builder.standing,
                beat: Arc::new(Beat::default()),
                stop: watch::Sender::new(false),
                end: watch::Sender::new(false),
                main_thread,
                handlers: RefCell::default(),
                cursors: RefCell::default(),
                letters: RefCell::default(),
                dropped_letters: Cell::new(0),
                progress: Cell::new(0),
            }),
            store,
        };
        let entries = builder.registry.ordered_workers()?;
        let mut runners = Vec::new();
        for entry in &entries {
            report.add_worker(entry);
            if let Some(start) = &entry.start {
                runners.push(start(&app)?);
            }
        }
        for (cursor, stands) in app.store().cursors() {
            let reader = app.store().cursor_reader(&cursor);
            report.add_cursor(cursor, stands, reader.map(|reader| reader.handler));
        }
        watchdog::start(Arc::clone(&app.inner.beat), app.options().patience)
            .map_err(|error| boot(format!("no thread for the watchdog: {error}")))?;
        Self::run(app, report, runners, work).await
    }

    async fn run(
        app: App,
        report: BootReport,
        mut runners: Vec<Box<dyn AnyRunner>>,
        work: mpsc::Receiver<Work>,
    ) -> Result<Self> {
        for at in 0..runners.len() {
            let outcome = runners[at].init().await;
            if let Err(error) = outcome {
                for begun in runners[..at].iter_mut().rev() {
                    begun.deinit().await;
                }
                app.inner.beat.stop();
                return Err(error);
            }
            tracing::debug!(worker = runners[at].name(), "started");
        }
        let cx = Cx {
            app: app.clone(),
            store: app.own_store(),
            handler: SmolStr::new_static("main thread"),
            tx: None,
            tick: None,
        };
        let main_thread = tokio::task::spawn_local(serve(work, cx, app.ending()));
        let mut others = vec![
            tokio::task::spawn_local(app.clone().lead()),
            tokio::task::spawn_local(app.clone().tell_of_blocking()),
            tokio::task::spawn_local(app.clone().watch_store()),
            tokio::task::spawn_local(app.clone().tell_connection()),
            tokio::task::spawn_local(app.clone().tell_schemas()),
            tokio::task::spawn_local(app.clone().follow_levels()),
        ];
        if !app.inner.cursors.borrow().is_empty() {
            others.push(tokio::task::spawn_local(app.clone().move_idle_cursors()));
        }
        if let Some(limit) = app.options().end_after {
            let app = app.clone();
            others.push(tokio::task::spawn_local(async move {
                tokio::time::sleep(limit).await;
                app.shutdown();
            }));
        }
        let workers = runners
            .into_iter()
            .map(|runner| tokio::task::spawn_local(runner.run(Box::pin(app.ending()))))
            .collect();
        Ok(Self {
            app,
            report,
            workers,
            others,
            main_thread,
        })
    }

    /// The application.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.app
    }

    /// What the application consists of and runs on.
    #[must_use]
    pub fn report(&self) -> &BootReport {
        &self.report
    }

    /// Waits until [`App::shutdown`] is called.
    pub async fn stopped(&self) {
        self.app.stopping().await;
    }

    /// Ends the application: the leadership is given up, the handlers under way finish, the work
    /// for the main thread is done, and the workers deinit in reverse order.
    pub async fn stop(self) {
        self.app.shutdown();
        for other in self.others {
            other.abort();
        }
        self.app.step_down().await;
        self.app.inner.end.send_replace(true);
        let mut ended = Vec::new();
        for worker in self.workers {
            match worker.await {
                Ok(runner) => ended.push(runner),
                Err(error) => tracing::error!(%error, "a worker was lost"),
            }
        }
        self.app.move_far_cursors();
        if let Err(error) = self.main_thread.await {
            tracing::error!(%error, "the work for the main thread was lost");
        }
        for mut runner in ended.into_iter().rev() {
            runner.deinit().await;
        }
        self.app.inner.beat.stop();
        let standing = &self.app.inner.standing;
        standing.set(State::Unavailable, "it has ended");
        // Handles that outlive the application reach no handler any more.
        self.app.inner.handlers.borrow_mut().clear();
        self.app.inner.letters.borrow_mut().clear();
        self.app.inner.cursors.borrow_mut().clear();
    }
}

/// The `Service` whose `ApplicationName` is ours.
fn find_or_make_service(store: &Store, name: &SmolStr) -> Result<EntityId> {
    let receipt = store.transact(|tx| {
        let tree = tx.tree()?;
        let service = tree.type_id(SERVICE)?;
        let field = tree.field_id(service, "ApplicationName")?;
        let ours = Some(Value::String(name.clone()));
        let found = tree
            .entities(service)
            .find(|found| found.value(field).is_ok_and(|value| value == ours));
        match found.map(|found| found.id()) {
            Some(found) => Ok(found),
            None => tx.create_named(
                EntityId::ROOT,
                name.clone(),
                SERVICE,
                [("ApplicationName", Value::String(name.clone()))],
            ),
        }
    })?;
    Ok(receipt.value)
}

impl App {
    /// Tells handlers of `App.Connected` and `App.Disconnected` what the store says.
    async fn tell_connection(self) {
        let mut connection = self.store().connection();
        loop {
            let connected = *connection.borrow_and_update();
            let signals = &self.inner.signals;
            let signal = if connected {
                &signals.connected
            } else {
                &signals.disconnected
            };
            if let Err(error) = signal.emit(()) {
                tracing::error!(%error, connected, "a handler does not keep up");
            }
            if connection.changed().await.is_err() {
                return;
            }
        }
    }

    /// Tells handlers of `App.SchemaUpdated`: once at the start, then at each change.
    async fn tell_schemas(self) {
        let schemas = self.store().subscribe_schemas().named("schemas").start();
        let mut schemas = match schemas {
            Ok(schemas) => schemas,
            Err(error) => return tracing::error!(%error, "schemas cannot be watched"),
        };
        loop {
            if let Err(error) = self.inner.signals.schema_updated.emit(()) {
                tracing::error!(%error, "a handler does not keep up");
            }
            while !matches!(schemas.next().await, Event::Change(_)) {}
        }
    }
}
