//! Makes the tree what a sample says.

use std::collections::HashMap;

use qlib::Transaction;
use qlib::prelude::*;

use crate::model::{Core, Disk, Group, Host, Interface, Memory, Part, Process, Processor};
use crate::sampler::{Sample, share};

/// What exists as long as the host does.
pub(crate) fn create_host(
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
pub(crate) fn record(tx: &mut Transaction<'_>, host: Ref<Host>, sample: &Sample) -> Result<()> {
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

#[cfg(test)]
mod tests {
    use qlib::TestApp;

    use super::*;
    use crate::sampler::{DiskSample, ProcessSample};

    fn processes(names: &[&str]) -> Sample {
        let process = |name: &&str| (name.to_string(), ProcessSample::default());
        Sample {
            cores: [("cpu0".to_owned(), 5.0)].into(),
            memory_total: 100,
            disks: [("root".to_owned(), DiskSample::default())].into(),
            processes: names.iter().map(process).collect(),
            ..Sample::default()
        }
    }

    #[qlib::test]
    async fn entities_come_and_go_and_what_stays_the_same_is_not_written(app: TestApp) {
        let store = app.store();
        let sample = processes(&["1", "2"]);
        let host = store
            .transaction(|tx| create_host(tx, "host", "Test", &sample))
            .await
            .unwrap();
        let names = || {
            let view = store.view();
            let group = view.entity(view.find("/host/Processes").unwrap()).unwrap();
            let names = group.children().map(|child| child.name().to_string());
            names.collect::<Vec<_>>()
        };
        store
            .transaction(|tx| record(tx, host, &sample))
            .await
            .unwrap();
        assert_eq!(names(), ["1", "2"]);
        let before = store.revision();

        let mut cores = app.record(Core::FIELDS.Usage);
        let sample = processes(&["2", "3"]);
        store
            .transaction(|tx| record(tx, host, &sample))
            .await
            .unwrap();
        assert_eq!(names(), ["2", "3"]);
        assert_eq!(store.revision(), before + 1, "one round is one commit");
        cores.assert([] as [f64; 0]);
        assert!(store.find("/host/CPU/cpu0").is_ok());
        assert!(store.find("/host/Disks/root").is_ok());
        assert_eq!(store.get::<Host>(host).unwrap().rounds, 2);
    }
}
