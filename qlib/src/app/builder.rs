//! Describing an application.

use std::rc::Rc;
use std::time::Duration;

use smol_str::SmolStr;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

use crate::app::define::Worker;
use crate::app::registry::{EntityFieldValidator, Registry};
use crate::app::{Options, RunningApp};
use crate::leader::{Shown, Standings};
use crate::model::{Entity, Error, Result};
use crate::store::{Store, Transaction};

/// Work on the store before the workers start.
pub(crate) type Preload = Box<dyn FnMut(&mut Transaction<'_>) -> Result<()>>;

/// An application that is being described: by `setup` of `qlib::main!`, of `#[qlib::test]`, or by
/// hand.
///
/// ```
/// use std::time::Duration;
/// use qlib::prelude::*;
///
/// struct Siren {
///     address: String,
/// }
///
/// #[worker]
/// impl Siren {
///     fn new(address: String) -> Self {
///         Self { address }
///     }
///
///     #[every("1m")]
///     async fn check(&mut self) -> Result<()> {
///         tracing::debug!(address = self.address, "still there");
///         Ok(())
///     }
/// }
///
/// qlib::main!("sirens", setup = |app| {
///     let address = app.option("siren", "ADDRESS", "Where the siren is")?;
///     app.worker_with(move || Siren::new(address.clone().unwrap_or_default()))
///         .patience(Duration::from_millis(500));
///     Ok(())
/// });
/// ```
pub struct AppBuilder {
    pub(crate) name: SmolStr,
    pub(crate) store: Option<Store>,
    pub(crate) registry: Registry,
    pub(crate) options: Options,
    pub(crate) validator: EntityFieldValidator,
    pub(crate) preload: Vec<Preload>,
    pub(crate) arguments: Vec<String>,
    pub(crate) own_arguments: Vec<OwnArgument>,
    pub(crate) log: Option<BoxMakeWriter>,
    pub(crate) on_abort: Vec<Box<dyn FnOnce() + Send>>,
    pub(crate) standing: Shown,
}

/// An argument of the application's own, for `--help`.
#[derive(Clone, Debug)]
pub(crate) struct OwnArgument {
    pub(crate) name: &'static str,
    pub(crate) value: Option<&'static str>,
    pub(crate) help: &'static str,
}

impl std::fmt::Debug for AppBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "application {} with {:?}", self.name, self.registry)
    }
}

impl AppBuilder {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            store: None,
            registry: Registry::default(),
            options: Options::default(),
            validator: EntityFieldValidator::new(),
            preload: Vec::new(),
            arguments: Vec::new(),
            own_arguments: Vec::new(),
            log: None,
            on_abort: Vec::new(),
            standing: Shown::default(),
        }
    }

    /// Takes all types and workers that the linker collected.
    #[must_use]
    pub fn collected(mut self) -> Self {
        self.registry.collect();
        self
    }

    /// Enters types and workers by hand: `|registry| registry.worker::<Monitor>()`.
    #[must_use]
    pub fn register(mut self, enter: impl FnOnce(&mut Registry)) -> Self {
        enter(&mut self.registry);
        self
    }

    /// Enters an entity type.
    #[must_use]
    pub fn entity<E: Entity>(self) -> Self {
        self.register(Registry::entity::<E>)
    }

    /// Runs on this store instead of one in memory.
    #[must_use]
    pub fn store(mut self, store: Store) -> Self {
        self.store = Some(store);
        self
    }

    /// Adds a worker with its value. After a panic it goes on with the state that it has:
    /// [`AppBuilder::worker_with`] has it made anew.
    pub fn worker<W: Worker>(&mut self, worker: W) -> &mut Self {
        let value = std::cell::RefCell::new(Some(worker));
        let make = move || match value.borrow_mut().take() {
            Some(worker) => worker,
            None => unreachable!("a worker that was added as a value is made once"),
        };
        self.registry.worker_value::<W>(Rc::new(make), false);
        self
    }

    /// Adds a worker with the function that makes its value, at boot and after a panic.
    pub fn worker_with<W: Worker>(&mut self, make: impl Fn() -> W + 'static) -> &mut Self {
        self.registry.worker_value::<W>(Rc::new(make), true);
        self
    }

    /// What the store must have before the workers start; requirements add up.
    pub fn require(&mut self, validator: &EntityFieldValidator) -> &mut Self {
        self.validator.merge(validator);
        self
    }

    /// Work on the store before the workers start, in one transaction.
    pub fn preload(
        &mut self,
        work: impl FnMut(&mut Transaction<'_>) -> Result<()> + 'static,
    ) -> &mut Self {
        self.preload.push(Box::new(work));
        self
    }

    /// The rate of `#[every(tick)]`; 100 ms unless this says else.
    pub fn tick(&mut self, tick: Duration) -> &mut Self {
        self.options.tick = tick;
        self
    }

    /// How long each worker's `init` and `deinit` may take; 10 s unless this says else.
    pub fn init_limit(&mut self, limit: Duration) -> &mut Self {
        self.options.init_limit = limit;
        self
    }

    /// How long a handler may block the main thread before the watchdog names it; 1 s unless this
    /// says else.
    pub fn patience(&mut self, patience: Duration) -> &mut Self {
        self.options.patience = patience;
        self
    }

    /// Ends the application in order after this time, as SIGTERM would.
    pub fn end_after(&mut self, time: Duration) -> &mut Self {
        self.options.end_after = Some(time);
        self
    }

    /// What this instance is called where instances are told apart; its process id unless this says
    /// else.
    pub fn instance(&mut self, instance: impl Into<SmolStr>) -> &mut Self {
        self.options.instance = instance.into();
        self
    }

    /// Follows whether this instance leads, from before it starts: [`AppBuilder::start`] does not
    /// return while another process writes to the store, and no worker runs then.
    ///
    /// ```
    /// # use qlib::prelude::*;
    /// # use qlib::State;
    /// # fn main() -> Result<()> {
    /// # let folder = std::env::temp_dir().join(format!("qlib-standing-{}", std::process::id()));
    /// # let writer = Store::open(&folder)?;
    /// let standby = Store::options().standby().open(&folder)?;
    /// let app = App::builder("lamps").store(standby);
    /// let mut standings = app.standing();
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    /// # tokio::task::LocalSet::new().block_on(&runtime, async {
    /// let starting = tokio::task::spawn_local(app.start());
    /// let standing = standings.wait_for(|standing| standing.state == State::Follower).await;
    /// println!("stands by: {}", standing.unwrap().reason);
    /// # assert!(standings.now().reason.contains("writes to the store"));
    /// # writer.close()?;
    /// standings.wait_for(|standing| standing.state == State::Leader).await;
    /// # starting.await.unwrap()?.stop().await;
    /// # std::fs::remove_dir_all(&folder).ok();
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    #[must_use]
    pub fn standing(&self) -> Standings {
        self.standing.follow()
    }

    /// Runs when a second signal ends the process at once, while nothing else of the application
    /// does: gives back what would stay taken, such as a terminal in raw mode. It runs on another
    /// thread than the application.
    pub fn on_abort(&mut self, run: impl FnOnce() + Send + 'static) -> &mut Self {
        self.on_abort.push(Box::new(run));
        self
    }

    /// The value of an option of the application's own, such as `--for 30s`. It is taken from the
    /// command line and explained in `--help`, for which no option has a value.
    ///
    /// # Errors
    /// [`Error::Usage`]: the option is there without its value.
    pub fn option(
        &mut self,
        name: &'static str,
        value: &'static str,
        help: &'static str,
    ) -> Result<Option<String>> {
        self.own_arguments.push(OwnArgument {
            name,
            value: Some(value),
            help,
        });
        let flag = format!("--{name}");
        let with_value = format!("--{name}=");
        let Some(at) = self
            .arguments
            .iter()
            .position(|argument| *argument == flag || argument.starts_with(&with_value))
        else {
            return Ok(None);
        };
        let argument = self.arguments.remove(at);
        if let Some(given) = argument.strip_prefix(&with_value) {
            return Ok(Some(given.to_owned()));
        }
        match self.arguments.get(at) {
            Some(next) if !next.starts_with("--") => Ok(Some(self.arguments.remove(at))),
            _ => Err(Error::usage(format!(
                "{flag} needs a value: {flag} {value}"
            ))),
        }
    }

    /// As [`AppBuilder::option`], for a time: `--for 30s`, in ms, s, m or h.
    ///
    /// # Errors
    /// [`Error::Usage`]: the option is there without a time.
    pub fn time_option(
        &mut self,
        name: &'static str,
        help: &'static str,
    ) -> Result<Option<Duration>> {
        let Some(given) = self.option(name, "TIME", help)? else {
            return Ok(None);
        };
        let time = time(&given).ok_or_else(|| {
            Error::usage(format!(
                "--{name} {given:?} is no time; write it like 500ms, 30s, 5m or 2h"
            ))
        });
        time.map(Some)
    }

    /// Whether a switch of the application's own, such as `--plain`, is on the command line.
    pub fn switch(&mut self, name: &'static str, help: &'static str) -> bool {
        self.own_arguments.push(OwnArgument {
            name,
            value: None,
            help,
        });
        let flag = format!("--{name}");
        let at = self.arguments.iter().position(|argument| *argument == flag);
        at.map(|at| self.arguments.remove(at)).is_some()
    }

    /// Where `qlib::main!` logs instead of to standard error: each log line is one writer that `make`
    /// gives. The levels of the `Service` still decide what is logged.
    pub fn log_to<W: std::io::Write + 'static>(
        &mut self,
        make: impl Fn() -> W + Send + Sync + 'static,
    ) -> &mut Self {
        self.log = Some(BoxMakeWriter::new(make));
        self
    }

    /// Starts the application on the current thread, which must run a current-thread runtime inside
    /// a `LocalSet`.
    ///
    /// # Errors
    /// [`Error::Boot`]: a mistake in the wiring, a failed `init`; and whatever the store refuses.
    pub async fn start(self) -> Result<RunningApp> {
        RunningApp::start(self).await
    }
}

/// A time such as `1.5s`.
fn time(text: &str) -> Option<Duration> {
    let unit = text.find(|letter: char| letter.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit);
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_and_a_unit() {
        assert_eq!(time("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(time("1.5m"), Some(Duration::from_secs(90)));
        for wrong in ["", "5", "s", "-1s", "5 s", "1d", "NaNs", "infs"] {
            assert_eq!(time(wrong), None, "{wrong:?}");
        }
    }
}
