//! Beginning a log anew where the one that is there cannot be gone on with.

use std::io;

use prost::Message;

use crate::log::End;
use crate::log::disk::Disk;
use crate::log::file::recover::search;
use crate::log::file::segment::{VERSION, name, new_name};
use crate::log::file::segment_reader::{SegmentReader, numbers};
use crate::log::file::{FileLog, Published};
use crate::log::frame;
use crate::model::{LogError, Result, Revision};
use crate::wire::proto::log as proto;

impl FileLog {
    /// The newest revision and the newest epoch that can be made out in a directory, whatever else
    /// is damaged.
    ///
    /// # Errors
    /// [`LogError::Io`]
    pub(crate) fn in_sight(disk: &dyn Disk) -> Result<(Revision, u64), LogError> {
        let (mut newest, mut epoch) = (Published::read(disk)?, 0);
        for number in numbers(&list(disk)?) {
            let segment = SegmentReader::open(disk, number)?;
            let bytes = segment.read(0, segment.length()?)?;
            let header = frame::read(&bytes, 0);
            if let Some(header) = header.and_then(|it| proto::SegmentHeader::decode(it).ok()) {
                newest = newest.max(header.revision.saturating_sub(1));
                epoch = epoch.max(header.epoch);
            }
            for batch in search(&bytes, 0) {
                let last = batch.revision.saturating_add(batch.records.len() as u64);
                newest = newest.max(last.saturating_sub(1));
            }
        }
        Ok((newest, epoch))
    }

    /// Lets the log of a directory go on behind `end`, in place of all files that it has.
    ///
    /// # Errors
    /// [`LogError::Io`]: an opening finds the files that were there, with or without the new one.
    pub(crate) fn begin_anew(disk: &dyn Disk, end: End) -> Result<(), LogError> {
        let old = list(disk)?;
        let number = numbers(&old).last().map_or(1, |last| last + 1);
        let mut bytes = frame::frame(&proto::SegmentHeader {
            version: VERSION,
            epoch: end.epoch,
            revision: end.revision + 1,
            time: end.time.as_nanos(),
            chain: end.chain,
            size: 0,
        });
        bytes.extend(frame::frame(&proto::Batch {
            revision: end.revision + 1,
            records: Vec::new(),
            seal: true,
        }));
        let write = || -> io::Result<()> {
            let file = disk.create(&new_name(number))?;
            file.write_at(0, &bytes)?;
            file.sync()?;
            disk.rename(&new_name(number), &name(number))?;
            disk.sync()
        };
        write().map_err(|error| LogError::io(&name(number), "written", &error))?;
        for old in old.iter().filter(|name| Self::is_ours(name)) {
            let removed = disk.remove(old);
            removed.map_err(|error| LogError::io(old, "removed", &error))?;
        }
        Ok(())
    }
}

fn list(disk: &dyn Disk) -> Result<Vec<String>, LogError> {
    let names = disk.list();
    names.map_err(|error| LogError::io("the directory", "listed", &error))
}
