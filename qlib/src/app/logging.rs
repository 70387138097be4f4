//! What is logged: the levels of the `Service`, while the application runs.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicI64, Ordering};

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt;

use crate::app::App;
use crate::model::{Result, Value};
use crate::store::Event;

/// The levels of the application and of qlib itself, as the reference numbers them.
static APPLICATION: AtomicI64 = AtomicI64::new(INFO);
static QLIB: AtomicI64 = AtomicI64::new(INFO);

const INFO: i64 = 3;
const NAMES: [&str; 6] = ["trace", "debug", "info", "warn", "error", "panic"];

/// The number of a level that is written as a name.
pub(crate) fn number(name: &str) -> Option<i64> {
    let position = NAMES
        .iter()
        .position(|known| known.eq_ignore_ascii_case(name))?;
    i64::try_from(position + 1).ok()
}

/// The names of the levels, for messages.
pub(crate) fn names() -> String {
    NAMES.join(", ")
}

fn filter(number: i64) -> LevelFilter {
    match number {
        ..=1 => LevelFilter::TRACE,
        2 => LevelFilter::DEBUG,
        3 => LevelFilter::INFO,
        4 => LevelFilter::WARN,
        5 => LevelFilter::ERROR,
        // A panic prints itself.
        _ => LevelFilter::OFF,
    }
}

fn enabled(target: &str, level: Level) -> bool {
    let ours = target == "qlib" || target.starts_with("qlib::");
    let number = if ours { &QLIB } else { &APPLICATION };
    level <= filter(number.load(Ordering::Relaxed))
}

/// Logs to standard error or to where the application says, unless it has a subscriber of its own.
pub(crate) fn init(log: Option<BoxMakeWriter>) {
    let ansi = log.is_none() && std::io::stderr().is_terminal();
    let format = tracing_subscriber::fmt::layer()
        .with_writer(log.unwrap_or_else(|| BoxMakeWriter::new(std::io::stderr)))
        .with_ansi(ansi);
    let levels = tracing_subscriber::filter::dynamic_filter_fn(|metadata, _| {
        enabled(metadata.target(), *metadata.level())
    });
    let _ = tracing::subscriber::set_global_default(
        tracing_subscriber::registry().with(levels).with(format),
    );
}

impl App {
    /// Follows `Service.LogLevel` and `Service.QLibLogLevel` until the application ends.
    pub(crate) async fn follow_levels(self) {
        let levels = [("LogLevel", &APPLICATION), ("QLibLogLevel", &QLIB)];
        let follow = |(field, level): (&'static str, &'static AtomicI64)| {
            self.clone().follow_level(field, level)
        };
        let [application, qlib] = levels.map(follow);
        tokio::task::spawn_local(application);
        qlib.await;
    }

    async fn follow_level(self, field: &'static str, level: &'static AtomicI64) {
        let subscription = self.store().subscribe_named("Service", field);
        let subscription = subscription
            .entity(self.service())
            .named(field)
            .initial()
            .latest()
            .start();
        let mut subscription = match subscription {
            Ok(subscription) => subscription,
            Err(error) => return tracing::error!(field, %error, "the log level cannot be followed"),
        };
        loop {
            if let Event::Change(change) = subscription.next().await
                && let Some(Value::Int(number)) =
                    change.current().map(crate::model::ValueRef::to_value)
            {
                level.store(number, Ordering::Relaxed);
            }
        }
    }

    /// Writes the levels that the command line asks for.
    pub(crate) fn set_level(&self, number: i64) -> Result<()> {
        let service = self.service();
        self.own_store().transact(|tx| {
            tx.set_value(service, "LogLevel", Value::Int(number))?;
            tx.set_value(service, "QLibLogLevel", Value::Int(number))
        })?;
        Ok(())
    }
}
