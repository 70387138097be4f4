//! The macros of `qlib`; use them through that crate.
//!
//! Each macro is a folder: `parse` reads what the user wrote and gathers every mistake, `model` is
//! what was meant, `expand` writes the code. Macros report mistakes of *syntax*; mistakes of
//! *meaning* are type errors at the user's own tokens.

mod application;
mod choice;
mod common;
mod entity;
mod function;
mod handler;
mod test_case;
#[cfg(test)]
mod testing;
mod worker;

use handler::Event;
use proc_macro::TokenStream;

/// Makes an enum without data the value of a field.
///
/// ```ignore
/// #[derive(Choice, Clone, Copy, PartialEq, Debug)]
/// enum Power {
///     Off,
///     #[choice(rename = "Running")]
///     On,
/// }
/// ```
#[proc_macro_derive(Choice, attributes(choice, qlib))]
pub fn derive_choice(input: TokenStream) -> TokenStream {
    choice::derive(input.into()).into()
}

/// Makes the values of a struct entities.
///
/// The struct: `#[entity(extends = Base, rename = "Name", was = "OldName", unlocked)]`. A field:
/// `#[field(index, unique, default = value, range(0..=100), pattern = "[a-z]+", max_length = 64,
/// unit = "°C", on_delete = "refuse", rename = "Name", was = "OldName", validate = path, convert =
/// path, configuration,
/// access(read = "guest", write = "operator"), history(keep = "30d", min_interval = "1s", deadband =
/// 0.5), rank = 10)]`. What `access` says is for clients from outside; see `qlib::Access` for what
/// asks it.
///
/// ```ignore
/// #[derive(Entity)]
/// struct Device {
///     /// How warm it is.
///     #[field(range(-40.0..=125.0), unit = "°C")]
///     temperature: f64,
///     room: Option<Ref<Room>>,
/// }
/// ```
#[proc_macro_derive(Entity, attributes(entity, field, qlib))]
pub fn derive_entity(input: TokenStream) -> TokenStream {
    entity::derive(input.into(), &entity::Lock::of_crate()).into()
}

/// Makes the methods of an `impl` block the handlers of a worker.
///
/// `#[worker(leader)]` acts in the leader only, `after = Other` starts it after another, `name =
/// "…"` names it. In the block, `#[init]` and `#[deinit]` mark what runs when it starts and ends;
/// the attributes of events mark what reacts to them.
///
/// ```ignore
/// #[derive(Default)]
/// struct Monitor { seen: u64 }
///
/// #[worker]
/// impl Monitor {
///     #[on_change(Device.Status)]
///     async fn switched(&mut self, change: Change<Device, Power>) -> Result<()> {
///         self.seen += 1;
///         Ok(())
///     }
/// }
/// ```
#[proc_macro_attribute]
pub fn worker(args: TokenStream, item: TokenStream) -> TokenStream {
    worker::expand(args.into(), item.into()).into()
}

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $event:ident;)*) => {$(
        $(#[$doc])*
        #[proc_macro_attribute]
        pub fn $name(args: TokenStream, item: TokenStream) -> TokenStream {
            function::expand(Event::$event, args.into(), item.into()).into()
        }
    )*};
}

events! {
    /// Calls a function once per span of time: `#[every("1s")]`, or at each tick of the
    /// application: `#[every(tick)]`.
    ///
    /// `persistent = "name"` ticks on where the process before stopped, each tick once; `catch_up =
    /// "skip"`, `"once"` or `"all"` says what becomes of those that were missed: they are left out, one
    /// is delivered for all of them, which is what happens where nothing is said, or each is. Further
    /// keys: `leader`, `limit = "10s"`.
    every = Every;
    /// Calls a function when a field is written.
    ///
    /// Keys: `context(name = Device.Room -> Room.Name)`, `when(current > 80.0)`, `writes`,
    /// `initial`, `latest`, `own`, `keyed`, `leader`, `durable = "name"`, `after_durable`,
    /// `min_interval = "100ms"`, `deadband = 0.5`, `retry(times = 5, first = "100ms", max = "10s")`, `limit = "10s"`.
    ///
    /// ```ignore
    /// #[on_change(Device.Temperature, when(current > 80.0))]
    /// async fn overheating(change: Change<Device, f64>) -> Result<()> {
    ///     tracing::warn!(id = %change.id(), "overheating");
    ///     Ok(())
    /// }
    /// ```
    on_change = Change;
    /// Calls a function when an entity is made: `#[on_create(Device)]`.
    on_create = Create;
    /// Calls a function when an entity is deleted: `#[on_delete(Device)]`.
    on_delete = Delete;
    /// Calls a function when an entity is moved: `#[on_move(Device)]`.
    on_move = Move;
    /// Calls a function when a type is declared or redefined.
    on_schema = Schema;
    /// Calls a function when a worker emits a signal, `#[on_signal(Monitor.overheated)]`, or the
    /// system does, `#[on_signal(App.Connected)]`.
    on_signal = Signal;
    /// Calls a function when this instance becomes the leader, and again after it was Unavailable
    /// because a handler had blocked the main thread.
    on_leader = Leader;
    /// Calls a function when this instance becomes a follower.
    on_follower = Follower;
    /// Calls a function when this instance is about to lead no more.
    on_losing_leadership = LosingLeadership;
    /// Calls a function when the tree was replaced.
    on_resync = Resync;
    /// Calls a function when changes were lost to a reader that was too slow.
    on_lagged = Lagged;
}

/// Writes `fn main`: `qlib::main!("my-app")`.
///
/// `setup = |app| { … }` adds what needs values, `modules = [devices, billing]` names crates whose
/// entities and workers belong to the application.
#[proc_macro]
pub fn main(input: TokenStream) -> TokenStream {
    application::expand(input.into()).into()
}

/// A test with an application of its own: `#[qlib::test(workers(Monitor))]`.
///
/// `preload = path` names a function that makes entities, `setup = path` one that adds things to
/// the application, `store = path` one that opens the store, which is in memory otherwise.
#[proc_macro_attribute]
pub fn test(args: TokenStream, item: TokenStream) -> TokenStream {
    test_case::expand(args.into(), item.into()).into()
}
