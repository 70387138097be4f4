//! What the tests start from.

use qlib::prelude::*;
use qlib::{TestApp, Transaction};

use crate::model::{Disk, Group, Host, Memory, Part};

/// The path of the host of [`small_host`].
pub(crate) const HOST: &str = "/host";

/// A host that is well: a memory and a disk.
pub(crate) fn small_host(tx: &mut Transaction<'_>) -> Result<()> {
    let host = Host::builder().system("Test").uptime(0).load(0.0);
    let host = tx.create(EntityId::ROOT, "host", host)?;
    let memory = Memory::builder()
        .base(Part::builder().host(host))
        .total(100)
        .used(50)
        .usage(50.0)
        .swap_total(0)
        .swap_used(0);
    tx.create(host, "Memory", memory)?;
    let disks = tx.create(host, "Disks", Group::builder())?;
    let disk = Disk::builder()
        .base(Part::builder().host(host))
        .mount("/")
        .file_system("ext4")
        .total(100)
        .available(50)
        .usage(50.0);
    tx.create(disks, "root", disk)?;
    Ok(())
}

/// The memory of that host.
pub(crate) fn memory(app: &TestApp) -> EntityId {
    app.store().find("/host/Memory").unwrap()
}
