//! The `main` that `qlib::main!` writes: environment, command line, signals.

use std::future::Future;
use std::pin::pin;
use std::process::ExitCode;
use std::task::Poll;

use clap::{Arg, ArgAction, Command};
use smol_str::SmolStr;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::app::builder::OwnArgument;
use crate::app::registry::boot;
use crate::app::{App, AppBuilder, BootReport, address, logging, schema_command};
use crate::model::{Error, Result};
use crate::store::{Store, StoreOptions};

/// What `qlib::main!` was given.
#[derive(Clone, Copy, Debug)]
pub struct Main {
    /// The application's name.
    pub name: &'static str,
    /// The version of the crate.
    pub version: &'static str,
    /// Crates whose entities and workers belong to the application.
    pub modules: &'static [&'static str],
}

/// What the `setup` of `qlib::main!` returns: nothing, or a `Result`.
#[diagnostic::on_unimplemented(
    message = "`setup` returns nothing or `Result<()>`, not `{Self}`",
    note = "end the closure with `;` or with `Ok(())`"
)]
pub trait SetupResult {
    /// The outcome.
    ///
    /// # Errors
    /// That of `setup`.
    fn outcome(self) -> Result<()>;
}

impl SetupResult for () {
    fn outcome(self) -> Result<()> {
        Ok(())
    }
}

impl SetupResult for Result<()> {
    fn outcome(self) -> Result<()> {
        self
    }
}

/// Runs an application until it is told to end.
pub fn main<R: SetupResult>(main: Main, setup: impl FnOnce(&mut AppBuilder) -> R) -> ExitCode {
    match run(main, setup) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Clap(error)) => {
            let code = u8::try_from(error.exit_code()).unwrap_or(USAGE);
            // Help and mistakes alike; nothing is left to do if nobody reads them.
            let _ = error.print();
            ExitCode::from(code)
        }
        Err(Stop::Error(error)) => {
            eprintln!("{}: {error}", main.name);
            if !matches!(error, Error::Usage { .. }) {
                return ExitCode::FAILURE;
            }
            eprintln!("\nFor more information, try '--help'.");
            ExitCode::from(USAGE)
        }
        // What differs was printed.
        Err(Stop::Differs) => ExitCode::FAILURE,
    }
}

/// The exit code after a mistake on the command line, that of clap.
const USAGE: u8 = 2;

enum Stop {
    Clap(clap::Error),
    Error(Error),
    Differs,
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

fn run<R: SetupResult>(main: Main, setup: impl FnOnce(&mut AppBuilder) -> R) -> Result<(), Stop> {
    let mut builder = App::builder(main.name).collected();
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let informs = |argument: &&String| matches!(&***argument, "-h" | "--help" | "-V" | "--version");
    let informs = arguments.iter().find(informs).cloned();
    // Commands have a help of their own.
    let command_words = arguments
        .iter()
        .take(2)
        .take_while(|word| !word.starts_with('-'));
    let command_words: Vec<_> = command_words.cloned().collect();
    // Whatever else is on the command line must not come between a user and the help. `setup` says
    // what there is to explain; that it finds no values is no mistake then.
    builder.arguments = match &informs {
        Some(_) if command_words.first().is_some_and(|word| word == "schema") => command_words,
        Some(_) => Vec::new(),
        None => arguments,
    };
    let set_up = setup(&mut builder).outcome();
    if informs.is_none() {
        set_up?;
    }
    let given = builder.arguments.iter().chain(&informs).cloned();
    let matches = command(main, &builder)
        .try_get_matches_from(std::iter::once(main.name.to_owned()).chain(given))
        .map_err(Stop::Clap)?;
    // What `setup` asked for was taken out of the arguments: what is left was given twice.
    let twice = |own: &&OwnArgument| {
        matches.value_source(own.name) == Some(clap::parser::ValueSource::CommandLine)
    };
    if let Some(own) = builder.own_arguments.iter().find(twice) {
        return Err(Error::usage(format!("--{} is given twice", own.name)).into());
    }
    if let Some(missing) = main
        .modules
        .iter()
        .find(|module| !builder.registry.crates.contains(*module))
    {
        return Err(boot(format!("nothing came from the crate {missing}: it has no entity and no worker, or another crate of that name was linked")).into());
    }
    if let Some(schema) = matches.subcommand_matches("schema") {
        let given = schema.get_one::<String>("store").map(String::as_str);
        let store = || match builder.store.take() {
            Some(store) => Ok(store),
            None if schema.subcommand_name() == Some("apply") => {
                address::open(given, main.name, |options| options)
            }
            None => address::open_to_read(given, main.name),
        };
        return match schema_command::run(schema, main.name, &builder.registry, store)? {
            true => Ok(()),
            false => Err(Stop::Differs),
        };
    }
    let level = matches.get_one::<String>("log").map(|name| {
        logging::number(name).ok_or_else(|| {
            Error::usage(format!(
                "{name:?} is no log level; write one of {}",
                logging::names()
            ))
        })
    });
    let level = level.transpose()?;
    logging::init(builder.log.take());
    if builder.store.is_none() {
        let address = matches.get_one::<String>("store").map(String::as_str);
        builder.store = Some(address::open(address, main.name, StoreOptions::standby)?);
    }
    if matches.get_flag("in-docker") {
        match host_name() {
            Some(host) => _ = builder.instance(host),
            None => tracing::warn!(
                instance = %builder.options.instance,
                "/etc/hostname has no name for this instance: it keeps that of its process"
            ),
        }
    }
    // Before the boot, so that a signal during `init` counts: the first one ends the application
    // once it has begun, the second one at once.
    let asked = watch_signals(std::mem::take(&mut builder.on_abort))?;
    let runtime = runtime()?;
    let served = tokio::task::LocalSet::new().block_on(&runtime, serve(builder, level, asked));
    served.map_err(Stop::Error)
}

fn runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| boot(format!("no runtime: {error}")))
}

async fn serve(
    builder: AppBuilder,
    level: Option<i64>,
    mut end: watch::Receiver<bool>,
) -> Result<()> {
    let store = builder.store.clone();
    if let Some(store) = &store
        && !stand_by(store, &builder, &mut end).await?
    {
        return store.close();
    }
    let running = builder.start().await?;
    if let Some(level) = level {
        running.app().set_level(level)?;
    }
    tracing::info!("{}", running.report().to_string().trim_end());
    for warning in &running.report().warnings {
        tracing::warn!("{warning}");
    }
    warn_of_unused_variables();
    let app = running.app().clone();
    tokio::task::spawn_local(async move {
        if end.wait_for(|asked| *asked).await.is_ok() {
            app.shutdown();
        }
    });
    running.stopped().await;
    running.stop().await;
    store.map_or(Ok(()), |store| store.close())
}

/// Waits until this process writes to the store; false if the application is to end before that.
async fn stand_by(
    store: &Store,
    builder: &AppBuilder,
    end: &mut watch::Receiver<bool>,
) -> Result<bool> {
    if let Some(writer) = store.health().writer {
        let mut report = BootReport::new(&builder.name, store.stats().log, &builder.registry);
        report.stands_by = Some(writer);
        tracing::info!("{}", report.to_string().trim_end());
    }
    let mut asked = pin!(end.wait_for(|asked| *asked));
    let mut writer = pin!(builder.standing.stand_by(store));
    std::future::poll_fn(|context| match writer.as_mut().poll(context) {
        Poll::Ready(writes) => Poll::Ready(writes.map(|()| true)),
        Poll::Pending => asked.as_mut().poll(context).map(|_| Ok(false)),
    })
    .await
}

/// The signals that end the application.
struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    fn new() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| {
            signal(kind).map_err(|error| boot(format!("signals cannot be watched: {error}")))
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    #[cfg(not(unix))]
    fn new() -> Result<Self> {
        Ok(Self {})
    }

    #[cfg(unix)]
    async fn next(&mut self) -> u8 {
        std::future::poll_fn(|context| {
            let interrupted = self.interrupt.poll_recv(context);
            if interrupted.is_ready() {
                return Poll::Ready(2);
            }
            self.terminate.poll_recv(context).map(|_| 15)
        })
        .await
    }

    #[cfg(not(unix))]
    async fn next(&mut self) -> u8 {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
        2
    }

    /// The first signal ends the application in order, the second one at once.
    async fn watch(mut self, asked: watch::Sender<bool>, on_abort: Vec<Box<dyn FnOnce() + Send>>) {
        self.next().await;
        tracing::info!("ending; a second signal ends at once");
        asked.send_replace(true);
        let signal = self.next().await;
        for run in on_abort {
            run();
        }
        std::process::exit(128 + i32::from(signal));
    }
}

/// Watches for signals on a thread of its own: a handler that blocks the main one can be ended too.
/// What is returned turns true with the first signal.
fn watch_signals(on_abort: Vec<Box<dyn FnOnce() + Send>>) -> Result<watch::Receiver<bool>> {
    let runtime = runtime()?;
    let signals = {
        let _inside = runtime.enter();
        Signals::new()?
    };
    let (asked, end) = watch::channel(false);
    std::thread::Builder::new()
        .name("qlib-signals".into())
        .spawn(move || runtime.block_on(signals.watch(asked, on_abort)))
        .map_err(|error| boot(format!("no thread for signals: {error}")))?;
    Ok(end)
}

fn host_name() -> Option<SmolStr> {
    let name = std::fs::read_to_string("/etc/hostname").ok()?;
    let name = name.trim();
    (!name.is_empty()).then(|| name.into())
}

/// Settings of the design that nothing reads yet are named, not ignored in silence.
fn warn_of_unused_variables() {
    for name in [
        "Q_WEB_ADDR",
        "Q_REALM",
        "Q_LEADER_STORE_ADDR",
        "Q_LEADER_STORE_PASSWORD",
    ] {
        if std::env::var_os(name).is_some() {
            tracing::warn!("{name} is set, but nothing in this version reads it");
        }
    }
}

fn command(main: Main, builder: &AppBuilder) -> Command {
    let own = builder.own_arguments.iter().map(|own| {
        let argument = Arg::new(own.name).long(own.name).help(own.help);
        match own.value {
            Some(value) => argument.value_name(value),
            None => argument.action(ArgAction::SetTrue),
        }
    });
    Command::new(main.name)
        .version(main.version)
        .about(format!("{}, an application on qlib", main.name))
        .args(own)
        .subcommand(schema_command::command())
        .next_help_heading("Options of every application")
        .arg(
            Arg::new("store")
                .long("store")
                .global(true)
                .value_name("ADDRESS")
                .env("Q_STORE")
                .help("Where the objects are kept: file:PATH (file: is the user's data directory, and the default), or memory: (nothing outlives the process)"),
        )
        .arg(
            Arg::new("log")
                .long("log")
                .value_name("LEVEL")
                .env("Q_LOG")
                .help("What is logged: trace, debug, info, warn, error or panic; written to Service.LogLevel, which can be changed while the application runs"),
        )
        .arg(
            Arg::new("in-docker")
                .long("in-docker")
                .env("Q_IN_DOCKER")
                .action(ArgAction::SetTrue)
                .value_parser(clap::builder::FalseyValueParser::new())
                .help("Take the host's name as the name of this instance"),
        )
}
