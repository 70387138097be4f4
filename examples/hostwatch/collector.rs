//! Writes what the sampler reads into the tree.

use std::collections::HashMap;

use qlib::Transaction;
use qlib::prelude::*;
use sysinfo::System;
use tokio::task::spawn_blocking;

use crate::model::{Core, Disk, Group, Host, Interface, Memory, Part, Process, Processor};
use crate::sampler::{Sample, Sampler, share};

/// Handlers may return any error: `?` turns qlib's own and others into it.
type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// Looks at the machine once a second. Each look is one commit, so that nobody ever sees half of
/// one.
#[derive(Default)]
pub(crate) struct Collector {
    sampler: Option<Sampler>,
    host: Option<Ref<Host>>,
}

#[worker]
impl Collector {
    #[init]
    async fn init(&mut self, cx: &mut Cx) -> Result<(), AnyError> {
        let sample = self.sample().await?;
        let name = System::host_name().unwrap_or_default().replace('/', "-");
        let name = if name.is_empty() { "host" } else { &name };
        let system = System::long_os_version().unwrap_or_else(|_| "unknown".to_owned());
        let created = cx.transaction(|tx| {
            // After a panic the worker is made anew, and its host is there already.
            let known = tx.tree()?.existing(EntityId::ROOT)?.child(name);
            let host = match known.map(|host| Ref::new(host.id())) {
                Some(host) => host,
                None => create_host(tx, name, &system, &sample)?,
            };
            record(tx, host, &sample)?;
            Ok(host)
        });
        self.host = Some(created.await?);
        Ok(())
    }

    #[every("1s")]
    async fn round(&mut self, cx: &mut Cx) -> Result<(), AnyError> {
        let sample = self.sample().await?;
        if let Some(host) = self.host {
            cx.transaction(|tx| record(tx, host, &sample)).await?;
        }
        Ok(())
    }

    /// What it came to. Workers end in reverse order: the screen has given the terminal back by now.
    #[deinit]
    async fn summary(&mut self, cx: &mut Cx) -> Result<(), AnyError> {
        if let Some(host) = self.host {
            let letters = cx.app().dead_letters().len();
            let Host {
                rounds,
                alarms_raised,
                health,
                ..
            } = cx.get(host)?;
            let commits = cx.store().revision();
            println!(
                "{rounds} rounds, {commits} commits, {alarms_raised} alarms raised, \
                 {letters} dead letters; the host is {health:?}"
            );
        }
        Ok(())
    }
}

impl Collector {
    /// Reads the machine on another thread: the main thread is that of all workers, and reading may
    /// block.
    async fn sample(&mut self) -> Result<Sample, AnyError> {
        let sampler = self.sampler.take();
        let read = spawn_blocking(move || {
            let mut sampler = sampler.map_or_else(Sampler::new, Ok)?;
            let sample = sampler.sample();
            Ok::<_, sysinfo::Error>((sampler, sample))
        });
        let (sampler, sample) = read.await??;
        self.sampler = Some(sampler);
        Ok(sample)
    }
}

/// What exists as long as the host does.
fn create_host(
    tx: &mut Transaction<'_>,
    name: &str,
    system: &str,
    sample: &Sample,
) -> Result<Ref<Host>> {
    let host = Host::builder().system(system).uptime(0).load(0.0);
    let host = tx.create(EntityId::ROOT, name, host)?;
    let part = || Part::builder().host(host);
    let processor = Processor::builder().base(part()).usage(0.0).average(0.0);
    tx.create(host, "CPU", processor)?;
    let memory = Memory::builder()
        .base(part())
        .total(sample.memory_total)
        .used(sample.memory_used)
        .usage(share(sample.memory_used, sample.memory_total))
        .swap_total(sample.swap_total)
        .swap_used(sample.swap_used);
    tx.create(host, "Memory", memory)?;
    for group in ["Disks", "Network", "Processes"] {
        tx.create(host, group, Group::builder())?;
    }
    Ok(host)
}

/// The children of an entity, by name.
struct Children {
    parent: EntityId,
    by_name: HashMap<String, EntityId>,
}

impl Children {
    fn of(tx: &mut Transaction<'_>, host: Ref<Host>, group: &str) -> Result<Self> {
        let host = tx.tree()?.existing(host.id())?;
        let Some(group) = host.child(group) else {
            return Err(Error::Missing {
                entity: host.id().into(),
            });
        };
        let by_name = group
            .children()
            .map(|child| (child.name().to_string(), child.id()));
        Ok(Self {
            parent: group.id(),
            by_name: by_name.collect(),
        })
    }

    /// The child of that name, which is to stay.
    fn keep(&mut self, name: &str) -> Option<EntityId> {
        self.by_name.remove(name)
    }

    /// Deletes those that were not kept.
    fn delete_rest(self, tx: &mut Transaction<'_>) {
        for gone in self.by_name.into_values() {
            tx.delete(gone);
        }
    }
}

/// Makes the tree what the sample says: entities come and go, and a field is written only where its
/// value differs, so that its time says since when it is so, and no handler runs for nothing.
fn record(tx: &mut Transaction<'_>, host: Ref<Host>, sample: &Sample) -> Result<()> {
    // Looked up before the first write: a read behind a write costs a copy of the tree.
    let mut cores = Children::of(tx, host, "CPU")?;
    let memory = Children::of(tx, host, "Memory")?.parent;
    let mut disks = Children::of(tx, host, "Disks")?;
    let mut interfaces = Children::of(tx, host, "Network")?;
    let mut processes = Children::of(tx, host, "Processes")?;

    tx.set(host, Host::FIELDS.Uptime, sample.uptime)?;
    tx.set_if_changed(host, Host::FIELDS.Load, sample.load)?;
    tx.add(host, Host::FIELDS.Rounds, 1)?;
    record_processor(tx, &mut cores, sample)?;
    record_memory(tx, memory, sample)?;
    record_disks(tx, host, &mut disks, sample)?;
    record_interfaces(tx, &mut interfaces, sample)?;
    record_processes(tx, &mut processes, sample)?;
    for children in [disks, interfaces, processes] {
        children.delete_rest(tx);
    }
    Ok(())
}

fn record_processor(tx: &mut Transaction<'_>, cores: &mut Children, sample: &Sample) -> Result<()> {
    let processor = cores.parent;
    tx.set_if_changed(processor, Processor::FIELDS.Usage, sample.usage)?;
    tx.set_if_changed(processor, Processor::FIELDS.Average, sample.average)?;
    for (name, usage) in &sample.cores {
        match cores.keep(name) {
            Some(core) => tx.set_if_changed(core, Core::FIELDS.Usage, *usage)?,
            None => {
                tx.create(processor, name.as_str(), Core::builder().usage(*usage))?;
            }
        }
    }
    Ok(())
}

fn record_memory(tx: &mut Transaction<'_>, memory: EntityId, sample: &Sample) -> Result<()> {
    let usage = share(sample.memory_used, sample.memory_total);
    tx.set_if_changed(memory, Memory::FIELDS.Total, sample.memory_total)?;
    tx.set_if_changed(memory, Memory::FIELDS.Used, sample.memory_used)?;
    tx.set_if_changed(memory, Memory::FIELDS.Usage, usage)?;
    tx.set_if_changed(memory, Memory::FIELDS.SwapTotal, sample.swap_total)?;
    tx.set_if_changed(memory, Memory::FIELDS.SwapUsed, sample.swap_used)
}

fn record_disks(
    tx: &mut Transaction<'_>,
    host: Ref<Host>,
    disks: &mut Children,
    sample: &Sample,
) -> Result<()> {
    for (name, disk) in &sample.disks {
        let usage = share(disk.total - disk.available, disk.total);
        match disks.keep(name) {
            Some(known) => {
                tx.set_if_changed(known, Disk::FIELDS.Mount, disk.mount.clone())?;
                tx.set_if_changed(known, Disk::FIELDS.Total, disk.total)?;
                tx.set_if_changed(known, Disk::FIELDS.Available, disk.available)?;
                tx.set_if_changed(known, Disk::FIELDS.Usage, usage)?;
            }
            None => {
                let new = Disk::builder()
                    .base(Part::builder().host(host))
                    .mount(disk.mount.clone())
                    .file_system(disk.file_system.clone())
                    .total(disk.total)
                    .available(disk.available)
                    .usage(usage);
                tx.create(disks.parent, name.as_str(), new)?;
            }
        }
    }
    Ok(())
}

fn record_interfaces(
    tx: &mut Transaction<'_>,
    interfaces: &mut Children,
    sample: &Sample,
) -> Result<()> {
    for (name, interface) in &sample.interfaces {
        match interfaces.keep(name) {
            Some(known) => {
                tx.set_if_changed(known, Interface::FIELDS.Receiving, interface.receiving)?;
                tx.set_if_changed(known, Interface::FIELDS.Sending, interface.sending)?;
                tx.set_if_changed(known, Interface::FIELDS.Received, interface.received)?;
                tx.set_if_changed(known, Interface::FIELDS.Sent, interface.sent)?;
            }
            None => {
                let new = Interface::builder()
                    .receiving(interface.receiving)
                    .sending(interface.sending)
                    .received(interface.received)
                    .sent(interface.sent);
                tx.create(interfaces.parent, name.as_str(), new)?;
            }
        }
    }
    Ok(())
}

fn record_processes(
    tx: &mut Transaction<'_>,
    processes: &mut Children,
    sample: &Sample,
) -> Result<()> {
    for (name, process) in &sample.processes {
        match processes.keep(name) {
            Some(known) => {
                tx.set_if_changed(known, Process::FIELDS.Command, process.command.clone())?;
                tx.set_if_changed(known, Process::FIELDS.Usage, process.usage)?;
                tx.set_if_changed(known, Process::FIELDS.Memory, process.memory)?;
            }
            None => {
                let new = Process::builder()
                    .command(process.command.clone())
                    .usage(process.usage)
                    .memory(process.memory);
                tx.create(processes.parent, name.as_str(), new)?;
            }
        }
    }
    Ok(())
}
