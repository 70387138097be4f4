//! What is measured, apart from who is measured.
//!
//! Everything in here is compiled twice: into this crate, and into the program that drives a
//! checkout of the later library (see `later.rs`). That is why it depends on `anyhow` and the
//! standard library only.

mod measure;
mod memory;
mod shape;
mod subject;

pub(crate) use measure::Bench;
pub(crate) use memory::{ENVIRONMENT as MEMORY_ENVIRONMENT, figure as memory_figure};
pub(crate) use shape::{Device, ENTITIES, FOLDER, device, device_fields, devices, system_fields};
pub(crate) use subject::{Can, Subject};

/// Writes the enum and the list of its variants, so that the list cannot lack one.
macro_rules! works {
    ($(#[$outer:meta])* $name:ident { $($(#[$inner:meta])* $variant:ident,)* }) => {
        $(#[$outer])*
        pub(crate) enum $name { $($(#[$inner])* $variant,)* }

        impl $name {
            const ALL: &[Self] = &[$(Self::$variant),*];
        }
    };
}

works! {
    /// One thing to do, the same for everyone who is measured.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    Work {
        /// Reads of one Int through handles that were bound before.
        ReadInt,
        /// Reads of one Int, each a call of its own with an id.
        GetInt,
        /// Reads of an 8-byte and a 16-byte string in turn.
        ReadString,
        /// Reads of an Int of the entity that a reference leads to.
        ReadReference,
        /// Commits of one Int that nobody waits for.
        Commit,
        /// The same with one subscriber.
        Commit1,
        /// The same with 100 subscribers.
        Commit100,
        /// Starts of async handlers, 100 for each commit.
        StartHandlers,
        /// Fields written, 100 in one commit.
        CommitMany,
        /// Creates on the way from none to 10,000, each with its eight values.
        CreateTo10k,
        /// Creates on the way to 100,000.
        CreateTo100k,
        /// Creates on the way to 1,000,000.
        CreateTo1M,
        /// A delete of a leaf among 100,000.
        Delete,
        /// From before a commit until its receiver runs, the median.
        LatencyP50,
        /// The same, the 99th percentile.
        LatencyP99,
        /// All ids of a type, 100,000 hits.
        AllOfType,
        /// A filter that one of 100,000 passes, on a field without an index.
        FilterOne,
        /// The same on a field with an index.
        FilterOneIndexed,
        /// A filter that all of 100,000 pass.
        FilterAll,
        /// Memory of an entity.
        Memory,
        /// Memory of an entity after a restore from a snapshot.
        MemoryRestored,
        /// How long a snapshot stops writers.
        Snapshot,
        /// An export of everything as JSON.
        Export,
        /// Commits of one Int, each awaited until it is on the disk, one at a time.
        Durable1,
        /// The same with 100 in flight.
        Durable100,
        /// The same, beside redb with 100 writes in a transaction.
        Durable100Redb,
        /// The same with 1,000 in flight.
        Durable1000,
        /// The same, beside redb with 1,000 writes in a transaction.
        Durable1000Redb,
        /// An opening of 1,000,000 entities on the disk.
        Open1M,
        /// Commits, each awaited until it is on the disk, while a snapshot of 1,000,000 entities is
        /// written: the 99th percentile.
        SnapshotP99,
        /// The longest of them.
        SnapshotStall,
        /// An update of a slot in a `HashMap` of the standard library.
        HashMapUpdate,
        /// A read of a number in a vector.
        SlotRead,
        /// The same through a lock that many may read.
        LockedSlotRead,
        /// A call of a tokio task through a channel, and its answer.
        ActorCall,
        /// A cold build of the macro crate.
        MacroStack,
        /// A cold build of the hello-world application.
        HelloCold,
        /// `cargo check` of it after a change in one handler.
        HelloCheck,
        /// The crates that it is built from.
        HelloCrates,
        /// Those of them that compile C.
        HelloC,
        /// Its stripped program.
        HelloSize,
    }
}

impl Work {
    /// The name by which it goes into the file of recorded figures and to other processes.
    pub(crate) fn name(self) -> String {
        format!("{self:?}")
    }

    /// The work of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|work| work.name() == name)
    }
}

/// A figure as a line, for a process that was asked for it.
pub(crate) fn answer(figure: Can<f64>) -> String {
    match figure {
        Ok(Some(figure)) => figure.to_string(),
        Ok(None) => "none".to_owned(),
        Err(error) => format!("error {error:#}").replace('\n', " "),
    }
}
