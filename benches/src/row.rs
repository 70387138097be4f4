//! The rows: what is compared, in which unit, and how far ours must get.

use crate::work::Work;
use Goal::{Figure, Ratio, Shown};
use Theme::{AtScale, Building, InProcess, Machine, OnDisk};
use Unit::{Bytes, Count, Megabytes, Micros, Millis, Nanos, PerSecond, Seconds};

/// One row.
pub(crate) struct Row {
    /// What is done.
    pub(crate) work: Work,
    /// How the report calls it.
    pub(crate) title: &'static str,
    /// What its figures count.
    pub(crate) unit: Unit,
    /// What ours must reach.
    pub(crate) goal: Goal,
    /// Who is asked for figures, and when.
    pub(crate) theme: Theme,
}

/// What ours must reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Goal {
    /// So many times the peer, in the direction in which the unit is better.
    Ratio(f64),
    /// A figure of its own; the peer is shown only.
    Figure(f64),
    /// Nothing: a limit of the machine, to read the other rows by.
    Shown,
}

/// Who is asked for figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    /// Ours and the peers.
    InProcess,
    /// A store in a directory, the least that a log has to do, and redb.
    OnDisk,
    /// Ours with a million entities on the disk.
    AtScale,
    /// The machine.
    Machine,
    /// Cargo.
    Building,
}

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Things a second; the only one of which more is better.
    PerSecond,
    /// Nanoseconds.
    Nanos,
    /// Microseconds.
    Micros,
    /// Milliseconds.
    Millis,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// Millions of bytes.
    Megabytes,
    /// A number of things.
    Count,
}

impl Unit {
    /// How it is written.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            PerSecond => "/s",
            Nanos => "ns",
            Micros => "µs",
            Millis => "ms",
            Seconds => "s",
            Bytes => "B",
            Megabytes => "MB",
            Count => "",
        }
    }

    /// How often `ours` is as good as `theirs`: over 1 is better, whatever the unit counts.
    pub(crate) fn ratio(self, ours: f64, theirs: f64) -> f64 {
        match self {
            PerSecond => ours / theirs,
            _ if ours == theirs => 1.0, // none of what there may be none of
            _ => theirs / ours,
        }
    }
}

impl Row {
    /// Whether the best of the rounds counts, not the median: a tail is made by the machine's
    /// other work.
    pub(crate) fn best_counts(&self) -> bool {
        matches!(
            self.work,
            Work::LatencyP99 | Work::SnapshotP99 | Work::SnapshotStall
        )
    }

    /// What must be reached, for people.
    pub(crate) fn goal_text(&self) -> String {
        match self.goal {
            Ratio(times) => format!("{times} ×"),
            Figure(figure) => crate::report::figure(figure, self.unit),
            Shown => String::new(),
        }
    }
}

const fn row(theme: Theme, work: Work, title: &'static str, unit: Unit, goal: Goal) -> Row {
    Row {
        work,
        title,
        unit,
        goal,
        theme,
    }
}

/// All rows in the order of the report. 100,000 entities of eight fields unless a title says
/// otherwise.
pub(crate) const ROWS: &[Row] = &[
    row(
        InProcess,
        Work::ReadInt,
        "read Int, bound handle in a view",
        PerSecond,
        Ratio(3.0),
    ),
    row(
        InProcess,
        Work::GetInt,
        "read Int, a get by id",
        PerSecond,
        Ratio(1.0),
    ),
    row(
        InProcess,
        Work::ReadString,
        "read String",
        PerSecond,
        Ratio(3.0),
    ),
    row(
        InProcess,
        Work::ReadReference,
        "read across a reference",
        PerSecond,
        Ratio(1.0),
    ),
    row(
        InProcess,
        Work::Commit,
        "commit of one Int",
        PerSecond,
        Ratio(1.0),
    ),
    row(
        InProcess,
        Work::Commit1,
        "commit of one Int, 1 subscriber",
        PerSecond,
        Ratio(1.0),
    ),
    row(
        InProcess,
        Work::Commit100,
        "commit of one Int, 100 subscribers",
        PerSecond,
        Ratio(3.0),
    ),
    row(
        InProcess,
        Work::StartHandlers,
        "starts of 100 async handlers",
        PerSecond,
        Figure(2e6),
    ),
    row(
        InProcess,
        Work::CommitMany,
        "100 fields in a commit, per field",
        PerSecond,
        Ratio(3.0),
    ),
    row(
        InProcess,
        Work::CreateTo10k,
        "create, from 0 to 10 k",
        PerSecond,
        Figure(5e5),
    ),
    row(
        InProcess,
        Work::CreateTo100k,
        "create, from 0 to 100 k",
        PerSecond,
        Figure(5e5),
    ),
    row(
        InProcess,
        Work::CreateTo1M,
        "create, from 0 to 1 M",
        PerSecond,
        Figure(5e5),
    ),
    row(
        InProcess,
        Work::Delete,
        "delete a leaf",
        Micros,
        Figure(5.0),
    ),
    row(
        InProcess,
        Work::LatencyP50,
        "commit to handler, p50",
        Micros,
        Figure(2.0),
    ),
    row(
        InProcess,
        Work::LatencyP99,
        "commit to handler, p99",
        Micros,
        Figure(10.0),
    ),
    row(
        InProcess,
        Work::AllOfType,
        "all of a type",
        Millis,
        Figure(1.0),
    ),
    row(
        InProcess,
        Work::FilterOne,
        "filter, 1 hit",
        Millis,
        Figure(1.0),
    ),
    row(
        InProcess,
        Work::FilterOneIndexed,
        "filter, 1 hit, index",
        Micros,
        Figure(5.0),
    ),
    row(
        InProcess,
        Work::FilterAll,
        "filter, all match",
        Millis,
        Figure(10.0),
    ),
    row(
        InProcess,
        Work::Memory,
        "memory per entity",
        Bytes,
        Figure(400.0),
    ),
    row(
        InProcess,
        Work::MemoryRestored,
        "memory per entity, restored",
        Bytes,
        Figure(400.0),
    ),
    row(
        InProcess,
        Work::Snapshot,
        "snapshot, writers stopped",
        Millis,
        Figure(0.1),
    ),
    row(
        InProcess,
        Work::Export,
        "JSON export",
        Seconds,
        Figure(0.25),
    ),
    row(
        OnDisk,
        Work::Durable1,
        "durable commits, 1 in flight",
        PerSecond,
        Ratio(0.85),
    ),
    row(
        OnDisk,
        Work::Durable100,
        "durable commits, 100 in flight",
        PerSecond,
        Ratio(0.7),
    ),
    row(
        OnDisk,
        Work::Durable100Redb,
        "durable commits, 100, and redb",
        PerSecond,
        Ratio(4.0),
    ),
    row(
        OnDisk,
        Work::Durable1000,
        "durable commits, 1,000 in flight",
        PerSecond,
        Figure(1.5e6),
    ),
    row(
        OnDisk,
        Work::Durable1000Redb,
        "durable commits, 1,000, and redb",
        PerSecond,
        Ratio(10.0),
    ),
    row(
        AtScale,
        Work::Open1M,
        "open 1 M entities",
        Seconds,
        Figure(2.0),
    ),
    row(
        AtScale,
        Work::SnapshotP99,
        "commit p99, 1 M being snapshot",
        Micros,
        Ratio(0.5),
    ),
    row(
        AtScale,
        Work::SnapshotStall,
        "longest commit, 1 M being snapshot",
        Millis,
        Figure(100.0),
    ),
    row(
        Machine,
        Work::HashMapUpdate,
        "HashMap update",
        PerSecond,
        Shown,
    ),
    row(Machine, Work::SlotRead, "slot read", Nanos, Shown),
    row(
        Machine,
        Work::LockedSlotRead,
        "slot read under a read lock",
        Nanos,
        Shown,
    ),
    row(
        Machine,
        Work::ActorCall,
        "tokio actor call",
        PerSecond,
        Shown,
    ),
    row(
        Building,
        Work::MacroStack,
        "building: macro stack, cold",
        Seconds,
        Figure(6.0),
    ),
    row(
        Building,
        Work::HelloCold,
        "building: hello world, cold",
        Seconds,
        Figure(40.0),
    ),
    row(
        Building,
        Work::HelloCheck,
        "building: check after an edit",
        Seconds,
        Figure(1.5),
    ),
    row(
        Building,
        Work::HelloCrates,
        "building: hello world, crates",
        Count,
        Figure(105.0),
    ),
    row(
        Building,
        Work::HelloC,
        "building: hello world, crates of C",
        Count,
        Figure(0.0),
    ),
    row(
        Building,
        Work::HelloSize,
        "building: hello world, stripped",
        Megabytes,
        Figure(6.0),
    ),
];
