//! What a handler is.

use proc_macro2::{Ident, Span, TokenStream};
use syn::{LitStr, Path, Type};

use crate::common::{Attribute, FieldPath, Hops, Library, Period};

/// The events that a handler can react to, by the names of their attributes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// The worker starts.
    Init,
    /// The worker ends.
    Deinit,
    /// A span of time has passed.
    Every,
    /// A field was written.
    Change,
    /// An entity was made.
    Create,
    /// An entity was deleted.
    Delete,
    /// An entity was moved.
    Move,
    /// A type was declared or redefined.
    Schema,
    /// A signal was emitted.
    Signal,
    /// This instance leads.
    Leader,
    /// This instance follows.
    Follower,
    /// This instance is about to lead no more.
    LosingLeadership,
    /// The tree was replaced.
    Resync,
    /// Changes were lost to a reader that was too slow.
    Lagged,
}

impl Event {
    /// All of them.
    pub(crate) const ALL: [Self; 14] = [
        Self::Init,
        Self::Deinit,
        Self::Every,
        Self::Change,
        Self::Create,
        Self::Delete,
        Self::Move,
        Self::Schema,
        Self::Signal,
        Self::Leader,
        Self::Follower,
        Self::LosingLeadership,
        Self::Resync,
        Self::Lagged,
    ];

    /// The name of the attribute.
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::Deinit => "deinit",
            Self::Every => "every",
            Self::Change => "on_change",
            Self::Create => "on_create",
            Self::Delete => "on_delete",
            Self::Move => "on_move",
            Self::Schema => "on_schema",
            Self::Signal => "on_signal",
            Self::Leader => "on_leader",
            Self::Follower => "on_follower",
            Self::LosingLeadership => "on_losing_leadership",
            Self::Resync => "on_resync",
            Self::Lagged => "on_lagged",
        }
    }

    /// The name and the type of what comes with the event.
    pub(crate) fn payload(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Change => Some(("change", "Change")),
            Self::Create => Some(("created", "Created")),
            Self::Delete => Some(("deleted", "Deleted")),
            Self::Move => Some(("moved", "Moved")),
            Self::Schema => Some(("changed", "SchemaChanged")),
            Self::Lagged => Some(("lagged", "Lagged")),
            Self::Leader => Some(("leadership", "Leadership")),
            _ => None,
        }
    }
}

/// Where the function stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the block of a worker.
    Worker {
        /// The worker acts in the leader only.
        leads: bool,
    },
    /// On its own.
    Alone,
}

/// A function that reacts to an event.
pub(crate) struct Handler {
    /// Where qlib is.
    pub(crate) qlib: Library,
    /// The function's name.
    pub(crate) name: Ident,
    /// Whether it is a method.
    pub(crate) place: Place,
    /// The conditions under which it exists.
    pub(crate) conditions: Vec<Attribute>,
    /// What it reacts to.
    pub(crate) trigger: Trigger,
    /// The name of its durable cursor.
    pub(crate) cursor: Option<LitStr>,
    /// How it is called, said by its keys.
    pub(crate) options: Vec<Call>,
    /// Values that are read with the change.
    pub(crate) context: Vec<Context>,
    /// The condition of a change.
    pub(crate) when: Option<TokenStream>,
    /// Its arguments, in order.
    pub(crate) arguments: Vec<Argument>,
    /// The place of the type that it returns.
    pub(crate) output: Span,
}

/// What a handler reacts to.
pub(crate) enum Trigger {
    /// `#[init]`
    Init,
    /// `#[deinit]`
    Deinit,
    /// `#[every("1s")]`
    Every(Period),
    /// `#[every(tick)]`
    Tick(Ident),
    /// `#[on_change(Device.Status)]`
    Change(FieldPath),
    /// `#[on_create(Device)]`, `#[on_delete(Device)]`, `#[on_move(Device)]`
    Entity(Event, Path),
    /// `#[on_signal(Monitor.overheated)]`
    Signal(FieldPath),
    /// `#[on_signal(App.Connected)]`
    SystemSignal(FieldPath),
    /// An event that needs no more than its name.
    Plain(Event),
}

/// A call on the definition of a handler: the key as it was written.
pub(crate) struct Call {
    /// The method.
    pub(crate) method: Ident,
    /// Its argument.
    pub(crate) argument: TokenStream,
}

/// A value that is read with a change.
pub(crate) struct Context {
    /// Its name.
    pub(crate) name: Ident,
    /// Where it is.
    pub(crate) path: Hops,
}

/// An argument of a handler.
pub(crate) struct Argument {
    /// What it is.
    pub(crate) role: Role,
    /// Its type.
    pub(crate) kind: Type,
    /// The place of its type.
    pub(crate) place: Span,
}

/// What an argument is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// What comes with the event.
    Payload,
    /// `&mut Cx`
    Cx,
    /// `&Leadership`
    Leadership,
    /// A context value, by its position.
    Context(usize),
}

impl Handler {
    /// The event of a start or an end.
    pub(crate) fn event(&self) -> Option<Event> {
        match self.trigger {
            Trigger::Init => Some(Event::Init),
            Trigger::Deinit => Some(Event::Deinit),
            _ => None,
        }
    }
}
