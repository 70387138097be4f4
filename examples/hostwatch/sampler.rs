//! Reads the machine, by the crate `sysinfo`. Knows nothing of entities.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::{Duration, Instant};

use sysinfo::{
    Disks, MemoryRefreshKind, Networks, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind,
};

/// So many of the busiest processes are kept.
const PROCESSES: usize = 10;

/// What the machine is like at one moment. Maps are by the name of the entity.
#[derive(Clone, Default, Debug)]
pub(crate) struct Sample {
    pub(crate) uptime: i64,
    pub(crate) load: f64,
    pub(crate) usage: f64,
    pub(crate) average: f64,
    pub(crate) cores: BTreeMap<String, f64>,
    pub(crate) memory_total: i64,
    pub(crate) memory_used: i64,
    pub(crate) swap_total: i64,
    pub(crate) swap_used: i64,
    pub(crate) disks: BTreeMap<String, DiskSample>,
    pub(crate) interfaces: BTreeMap<String, InterfaceSample>,
    pub(crate) processes: BTreeMap<String, ProcessSample>,
}

#[derive(Clone, Default, Debug)]
pub(crate) struct DiskSample {
    pub(crate) mount: String,
    pub(crate) file_system: String,
    pub(crate) total: i64,
    pub(crate) available: i64,
}

#[derive(Clone, Default, Debug)]
pub(crate) struct InterfaceSample {
    pub(crate) receiving: i64,
    pub(crate) sending: i64,
    pub(crate) received: i64,
    pub(crate) sent: i64,
}

#[derive(Clone, Default, Debug)]
pub(crate) struct ProcessSample {
    pub(crate) command: String,
    pub(crate) usage: f64,
    pub(crate) memory: i64,
}

/// Reads the machine again and again: rates are since the reading before.
pub(crate) struct Sampler {
    system: System,
    disks: Disks,
    networks: Networks,
    read: Option<Instant>,
    /// Begins at zero: a burst at the beginning is no reason for an alarm either.
    average: f64,
}

impl Sampler {
    /// A sampler that has read nothing yet.
    pub(crate) fn new() -> Result<Self, sysinfo::Error> {
        Ok(Self {
            system: System::new()?,
            disks: Disks::new()?,
            networks: Networks::new()?,
            read: None,
            average: 0.0,
        })
    }

    /// Reads everything. May block for some milliseconds.
    pub(crate) fn sample(&mut self) -> Sample {
        let elapsed = self
            .read
            .replace(Instant::now())
            .map_or(Duration::from_secs(1), |before| before.elapsed());
        self.system.refresh_cpu_usage();
        self.system
            .refresh_memory_specifics(MemoryRefreshKind::everything());
        let of_processes = ProcessRefreshKind::nothing()
            .with_cpu()
            .with_memory()
            .with_exe(UpdateKind::Never)
            .without_tasks();
        self.system
            .refresh_processes_specifics(ProcessesToUpdate::All, true, of_processes);
        self.disks.refresh(true);
        self.networks.refresh(true);

        let usage = percent(f64::from(self.system.global_cpu_usage()));
        let weight = (elapsed.as_secs_f64() / 10.0).min(1.0);
        self.average += (usage - self.average) * weight;
        let cores = self.system.cpus().iter();
        Sample {
            uptime: System::uptime().map_or(0, int),
            load: System::load_average().map_or(0.0, |load| load.one),
            usage,
            average: percent(self.average),
            cores: cores
                .map(|core| (core.name().to_owned(), percent(f64::from(core.usage()))))
                .collect(),
            memory_total: int(self.system.total_memory()),
            memory_used: int(self.system.used_memory()),
            swap_total: int(self.system.total_swap()),
            swap_used: int(self.system.used_swap()),
            disks: self.disks(),
            interfaces: self.interfaces(elapsed),
            processes: self.processes(),
        }
    }

    /// One for each device: containers mount parts of the same one in many places.
    fn disks(&self) -> BTreeMap<String, DiskSample> {
        let mut devices = BTreeMap::new();
        for disk in self.disks.iter().filter(|d| d.total_space() > 0) {
            let sample = DiskSample {
                mount: plain(&disk.mount_point().to_string_lossy()),
                file_system: plain(&disk.file_system().to_string_lossy()),
                total: int(disk.total_space()),
                available: int(disk.available_space()),
            };
            let device = (disk.name().to_owned(), sample.total);
            let known = devices.entry(device).or_insert_with(|| sample.clone());
            if sample.mount.len() < known.mount.len() {
                *known = sample;
            }
        }
        let mut disks = BTreeMap::new();
        for disk in devices.into_values() {
            disks.insert(unused(&disks, &disk_name(&disk.mount)), disk);
        }
        disks
    }

    fn interfaces(&self, elapsed: Duration) -> BTreeMap<String, InterfaceSample> {
        let rate = |bytes: u64| (bytes as f64 / elapsed.as_secs_f64().max(0.001)) as i64;
        let sample = |(name, data): (&OsString, &sysinfo::NetworkData)| {
            let sample = InterfaceSample {
                receiving: rate(data.received()),
                sending: rate(data.transmitted()),
                received: int(data.total_received()),
                sent: int(data.total_transmitted()),
            };
            (plain(&name.to_string_lossy()).replace('/', "-"), sample)
        };
        self.networks.iter().map(sample).collect()
    }

    fn processes(&self) -> BTreeMap<String, ProcessSample> {
        let mut all: Vec<_> = self.system.processes().values().collect();
        all.sort_by(|a, b| {
            let by_usage = tenths(b.cpu_usage()).total_cmp(&tenths(a.cpu_usage()));
            by_usage.then(b.memory().cmp(&a.memory()))
        });
        let sample = |process: &&sysinfo::Process| {
            let sample = ProcessSample {
                command: plain(&process.name().to_string_lossy()),
                usage: tenths(process.cpu_usage()),
                memory: int(process.memory()),
            };
            (process.pid().to_string(), sample)
        };
        all.iter().take(PROCESSES).map(sample).collect()
    }
}

/// A share of a whole in percent, as the schema allows it.
pub(crate) fn share(part: i64, whole: i64) -> f64 {
    percent(part as f64 * 100.0 / whole.max(1) as f64)
}

/// A percentage as it is shown; finer ones would be changes that nobody sees.
fn percent(value: f64) -> f64 {
    (value.clamp(0.0, 100.0) * 10.0).round() / 10.0
}

fn tenths(value: f32) -> f64 {
    (f64::from(value.max(0.0)) * 10.0).round() / 10.0
}

fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Names that come from outside may hold anything, escape sequences for the terminal too.
fn plain(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { '?' } else { letter })
        .collect()
}

/// A mount point as the name of an entity, which has no slashes.
fn disk_name(mount: &str) -> String {
    match mount.trim_matches('/') {
        "" => "root".to_owned(),
        inner => inner.replace('/', "-"),
    }
}

fn unused<T>(taken: &BTreeMap<String, T>, name: &str) -> String {
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names
        .find(|name| !taken.contains_key(name))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_can_be_read() {
        let mut sampler = Sampler::new().unwrap();
        sampler.sample();
        let sample = sampler.sample();
        assert!(sample.memory_total > 0, "{sample:?}");
        assert!(!sample.cores.is_empty() && !sample.processes.is_empty());
        assert!(sample.processes.len() <= PROCESSES);
        assert!(sample.disks.keys().all(|name| !name.contains('/')));
    }

    #[test]
    fn names_of_disks_are_names_of_entities_and_differ() {
        assert_eq!(disk_name("/"), "root");
        assert_eq!(disk_name("/var/lib"), "var-lib");
        let taken = BTreeMap::from([("var-lib".to_owned(), ()), ("var-lib-2".to_owned(), ())]);
        assert_eq!(unused(&taken, "var-lib"), "var-lib-3");
        assert_eq!(unused(&taken, "srv"), "srv");
    }
}
