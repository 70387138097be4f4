//! How far the log is on the disk, for those who read it in other processes.

use std::io;

use bytes::Bytes;
use prost::Message;

use crate::log::disk::{Disk, File};
use crate::log::frame;
use crate::model::{LogError, Revision};
use crate::wire::proto::log as proto;

/// The file that says it.
pub(super) const NAME: &str = "durable";

/// Bytes of the file: a frame with a revision.
const SIZE: usize = frame::HEAD + 9;

/// Says in a file how far the log is on the disk. What is read of it is true, since it is written
/// after the log was synced; it is not synced itself, so after the power was off it may be from before,
/// or not be there.
#[derive(Debug)]
pub(crate) struct Published(Box<dyn File>);

impl Published {
    /// # Errors
    /// [`LogError::Io`]
    pub(super) fn open(disk: &dyn Disk) -> Result<Self, LogError> {
        let opened = match disk.open(NAME) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => disk.create(NAME),
            opened => opened,
        };
        opened
            .map(Self)
            .map_err(|error| LogError::io(NAME, "opened", &error))
    }

    /// # Errors
    /// [`LogError::Io`]
    pub(super) fn set(&self, revision: Revision) -> Result<(), LogError> {
        let frame = frame::frame(&proto::Durable { revision });
        self.0
            .write_at(0, &frame)
            .map_err(|error| LogError::io(NAME, "written", &error))
    }

    /// What was said last in a directory; 0 if nothing is said, or something else just now.
    ///
    /// # Errors
    /// [`LogError::Io`]
    pub(crate) fn read(disk: &dyn Disk) -> Result<Revision, LogError> {
        let read = || {
            let mut bytes = vec![0; SIZE];
            let length = disk.open(NAME)?.read_at(0, &mut bytes)?;
            bytes.truncate(length);
            io::Result::Ok(Bytes::from(bytes))
        };
        let bytes = match read() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            read => read.map_err(|error| LogError::io(NAME, "read", &error))?,
        };
        let said = frame::read(&bytes, 0).and_then(|said| proto::Durable::decode(said).ok());
        Ok(said.map_or(0, |said| said.revision))
    }
}
