//! What there is: a host, its parts, and the alarms about them.
//!
//! ```text
//! /my-machine            Host
//!   CPU                  Processor (a Part)
//!     cpu0, cpu1, …      Core
//!   Memory               Memory (a Part)
//!   Disks                Group
//!     root, home, …      Disk (a Part)
//!   Network              Group
//!     eth0, …            Interface
//!   Processes            Group
//!     1, 4711, …         Process
//! ```
//!
//! An alarm is a child of the part that it is about.

use qlib::prelude::*;

/// How something is. Later is worse.
#[derive(Choice, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Health {
    Ok,
    Warning,
    Critical,
}

/// A machine.
#[derive(Entity, Debug)]
pub(crate) struct Host {
    /// Follows from the health of its parts.
    #[field(default = Health::Ok)]
    pub(crate) health: Health,
    /// The operating system.
    pub(crate) system: String,
    #[field(unit = "s", range(0..))]
    pub(crate) uptime: i64,
    /// Processes that want to run, on average over a minute.
    #[field(range(0.0..), history(keep = "1d", min_interval = "1m", deadband = 0.1))]
    pub(crate) load: f64,
    /// How often the machine was looked at.
    #[field(default = 0)]
    pub(crate) rounds: i64,
    #[field(default = 0)]
    pub(crate) alarms_raised: i64,
}

/// Keeps things of one sort together.
#[derive(Entity, Debug)]
pub(crate) struct Group {}

/// A part of a host that can be well or ill.
#[derive(Entity, Debug)]
pub(crate) struct Part {
    #[field(on_delete = "cascade")]
    pub(crate) host: Ref<Host>,
    /// Follows from the alarms about it.
    #[field(default = Health::Ok)]
    pub(crate) health: Health,
}

/// All cores together.
#[derive(Entity, Debug)]
#[entity(extends = Part)]
pub(crate) struct Processor {
    #[field(range(0.0..=100.0), unit = "%", history(keep = "1h", deadband = 1.0))]
    pub(crate) usage: f64,
    /// The usage, averaged over about ten seconds: a short burst is no reason for an alarm.
    #[field(range(0.0..=100.0), unit = "%")]
    pub(crate) average: f64,
}

#[derive(Entity, Debug)]
pub(crate) struct Core {
    #[field(range(0.0..=100.0), unit = "%")]
    pub(crate) usage: f64,
}

#[derive(Entity, Debug)]
#[entity(extends = Part)]
pub(crate) struct Memory {
    #[field(range(0..), unit = "B")]
    pub(crate) total: i64,
    #[field(range(0..), unit = "B")]
    pub(crate) used: i64,
    #[field(range(0.0..=100.0), unit = "%", history(keep = "1h", deadband = 0.5))]
    pub(crate) usage: f64,
    #[field(range(0..), unit = "B")]
    pub(crate) swap_total: i64,
    #[field(range(0..), unit = "B")]
    pub(crate) swap_used: i64,
}

#[derive(Entity, Debug)]
#[entity(extends = Part)]
pub(crate) struct Disk {
    /// Where it is mounted.
    pub(crate) mount: String,
    pub(crate) file_system: String,
    #[field(range(0..), unit = "B")]
    pub(crate) total: i64,
    #[field(range(0..), unit = "B")]
    pub(crate) available: i64,
    #[field(range(0.0..=100.0), unit = "%", history(keep = "1h", deadband = 0.1))]
    pub(crate) usage: f64,
}

/// A network interface.
#[derive(Entity, Debug)]
pub(crate) struct Interface {
    #[field(range(0..), unit = "B/s")]
    pub(crate) receiving: i64,
    #[field(range(0..), unit = "B/s")]
    pub(crate) sending: i64,
    #[field(range(0..), unit = "B")]
    pub(crate) received: i64,
    #[field(range(0..), unit = "B")]
    pub(crate) sent: i64,
}

/// One of the busiest processes. Its name is its number.
#[derive(Entity, Debug)]
pub(crate) struct Process {
    pub(crate) command: String,
    /// Of one core: two busy threads are 200 %.
    #[field(range(0.0..), unit = "%")]
    pub(crate) usage: f64,
    #[field(range(0..), unit = "B")]
    pub(crate) memory: i64,
}

/// Something is wrong with a part, for as long as the alarm exists.
#[derive(Entity, Debug)]
pub(crate) struct Alarm {
    #[field(index, on_delete = "cascade")]
    pub(crate) about: Ref<Part>,
    /// Warning or Critical.
    pub(crate) level: Health,
    pub(crate) message: String,
    pub(crate) since: Timestamp,
}
