//! What a worker is made of. The macros write calls of this; so can a program without macros.

mod change;
mod event;
mod signal;
mod worker;

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use smol_str::SmolStr;

use crate::app::Cx;
use crate::app::failure::{Failure, Retry};
use crate::app::signal::{Awaited, Inbox};
use crate::model::{Revision, Timestamp};
use crate::store::{Delivery, Lagged, Store, Subscribe};

pub use change::OnChange;
pub use event::{OnEvent, OnLagged, OnResync, OnTick};
pub use signal::{
    AppSignals, ApplicationSignals, LeadershipSignals, OnNothing, OnSignal, SystemSignal,
    SystemSignals, Wiring,
};
pub use worker::WorkerDefinition;

/// A call of a handler under way.
pub type CallFuture<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + 'a>>;

/// A struct with handlers. `#[worker]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no worker",
    note = "put `#[worker]` on an impl block of the type"
)]
pub trait Worker: Sized + 'static {
    /// The worker's name in reports and causes.
    const NAME: &'static str;

    /// Where the worker is defined.
    fn origin() -> Origin;

    /// Says what the worker does.
    fn define(worker: &mut WorkerDefinition<Self>);
}

/// Where something is defined.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Origin {
    /// The module, its crate first.
    pub module: &'static str,
    /// The line.
    pub line: u32,
}

impl Origin {
    /// The crate.
    #[must_use]
    pub fn krate(&self) -> &'static str {
        self.module.split("::").next().unwrap_or_default()
    }
}

/// What makes a handler run.
#[derive(Clone)]
pub(crate) enum Input {
    Delivery(Delivery),
    /// Of a timer that outlives the process, with its time.
    Tick(Option<Timestamp>),
    Signal(Rc<dyn Any>, Option<Awaited>),
    Lagged(Lagged),
    Resync(Revision),
}

impl Input {
    /// Nobody waits any more until this is handled.
    pub(crate) fn forget_awaited(&mut self) {
        if let Self::Signal(_, awaited) = self {
            *awaited = None;
        }
    }
}

pub(crate) type Call<W> = Rc<dyn for<'a> Fn(&'a mut W, Input, &'a mut Cx) -> CallFuture<'a>>;
pub(crate) type SimpleCall<W> = for<'a> fn(&'a mut W, &'a mut Cx) -> CallFuture<'a>;

/// Where the inputs of a handler come from.
pub(crate) enum SourceOf {
    Subscription(Box<dyn Fn(&Store) -> Subscribe>),
    Every(Option<Duration>, CatchUp),
    Signal(Connect),
    Lagged,
    Resync,
}

/// What becomes of the ticks that a persistent timer missed: while the process was down, or while its
/// handler was busy.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum CatchUp {
    /// They are left out.
    Skip,
    /// The newest one is delivered, for all of them.
    #[default]
    Once,
    /// Each is delivered, one after the other.
    All,
}

/// Connects the inbox of the handler of this name.
pub(crate) type Connect = Box<dyn Fn(&mut Wiring, &SmolStr) -> Box<dyn Inbox>>;

/// How the calls of a handler are made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    pub(crate) retry: Retry,
    pub(crate) limit: Duration,
    pub(crate) keyed: bool,
    pub(crate) leader: bool,
    /// Runs even where the worker acts in the leader only: it is about not leading.
    pub(crate) whoever_leads: bool,
    pub(crate) own: bool,
    /// The durable cursor.
    pub(crate) durable: Option<&'static str>,
    pub(crate) after_durable: bool,
}

impl Default for Policy {
    fn default() -> Self {
        let limit = Duration::from_secs(10);
        Self {
            retry: Retry::new(),
            limit,
            keyed: false,
            leader: false,
            whoever_leads: false,
            own: false,
            durable: None,
            after_durable: false,
        }
    }
}

pub(crate) struct HandlerDefinition<W> {
    pub(crate) name: &'static str,
    pub(crate) field: SmolStr,
    pub(crate) policy: Policy,
    pub(crate) source: SourceOf,
    pub(crate) call: Call<W>,
}

/// The settings that most handlers share.
macro_rules! policy_methods {
    () => {
        /// Runs in the leader only.
        pub fn leader(mut self) -> Self {
            self.policy.leader = true;
            self
        }

        /// How often and when a failing call is made again.
        pub fn retry(mut self, retry: Retry) -> Self {
            self.policy.retry = retry;
            self
        }

        /// The longest that a call may await; 10 s unless this says else.
        pub fn limit(mut self, limit: Duration) -> Self {
            self.policy.limit = limit;
            self
        }
    };
}

/// The settings that handlers of changes and events share.
macro_rules! change_methods {
    () => {
        policy_methods!();

        /// Delivers what this handler itself caused, too.
        pub fn own(mut self) -> Self {
            self.policy.own = true;
            self
        }

        /// A failing entity holds up only itself.
        pub fn keyed(mut self) -> Self {
            self.policy.keyed = true;
            self
        }

        /// Handles each change once, whatever becomes of the process: what the handler writes through
        /// `cx.tx()` is committed with the cursor of this name. It begins where the application
        /// started for the first time.
        pub fn durable(mut self, name: &'static str) -> Self {
            self.policy.durable = Some(name);
            self
        }

        /// Runs once the commit outlives the process; the memory log has none that does, so nothing
        /// waits there.
        pub fn after_durable(mut self) -> Self {
            self.policy.after_durable = true;
            self
        }
    };
}

pub(crate) use {change_methods, policy_methods};

fn done<'a>(outcome: Result<(), Failure>) -> CallFuture<'a> {
    Box::pin(std::future::ready(outcome))
}
