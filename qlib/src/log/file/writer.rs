//! The thread that writes what has gathered, and syncs it.

use std::io;
use std::mem;

use crate::log::disk::Disk;
use crate::log::file::group::{Group, Part};
use crate::log::file::published::Published;
use crate::log::file::segment::{name, new_name};
use crate::log::frame;
use crate::model::LogError;

/// Writes batches until the log is closed or fails.
pub(super) fn run(disk: &dyn Disk, group: &Group) {
    // This process does not need it.
    let warn = |error: &LogError| tracing::warn!(%error, "other processes see no further commits");
    let mut published = Published::open(disk).inspect_err(warn).ok();
    let mut offset = 0;
    while let Some(parts) = group.take() {
        for mut part in parts {
            if let Err(error) = write(disk, &mut part, &mut offset) {
                let name = name(part.segment.number);
                return group.fail(LogError::io(&name, "written", &error));
            }
            published = published.filter(|file| file.set(part.newest).inspect_err(warn).is_ok());
            group.publish(part.newest, mem::take(&mut part.bytes));
        }
    }
}

/// Writes a batch behind `offset` and waits until it is on the disk.
fn write(disk: &dyn Disk, part: &mut Part, offset: &mut u64) -> io::Result<()> {
    let segment = &part.segment;
    if part.begins {
        disk.rename(&new_name(segment.number), &name(segment.number))?;
        disk.sync()?;
        *offset = 0;
    }
    if part.seal {
        prost::encoding::bool::encode(3, &true, &mut part.bytes);
    }
    frame::finish(&mut part.bytes[part.frame..]);
    segment.file.write_at(*offset, &part.bytes)?;
    segment.file.sync()?;
    *offset += part.bytes.len() as u64;
    if part.seal {
        // Gives back what is left; if that fails, the file is only larger than it needs to be.
        let _ = segment.file.set_len(*offset);
    }
    Ok(())
}
