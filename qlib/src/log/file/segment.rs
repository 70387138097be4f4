//! The files of the log: one after another, each filled with zeros before it is written.

use std::sync::Arc;

use crate::log::disk::{Disk, File};
use crate::model::LogError;

/// The version of the format that is written.
pub(super) const VERSION: u32 = 1;

/// Bytes that a segment has at least while it is written, so that its header is always inside.
pub(super) const LEAST: u64 = 4096;

/// Bytes that are written at once when a file is filled with zeros.
const CHUNK: usize = 256 << 10;

/// A segment that was filled with zeros, under the name of one that is not in use.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) number: u64,
    pub(super) file: Box<dyn File>,
    pub(super) size: u64,
}

/// The name of a segment in use.
pub(super) fn name(number: u64) -> String {
    format!("{number:010}.log")
}

/// The name of a segment that is not in use yet.
pub(super) fn new_name(number: u64) -> String {
    format!("{number:010}.new")
}

/// The number of the segment in use of that name.
pub(super) fn number(name: &str) -> Option<u64> {
    let number = name.strip_suffix(".log")?.parse().ok()?;
    (self::name(number) == name).then_some(number)
}

/// Whether a file is left over from a segment that never was in use.
pub(super) fn is_new(name: &str) -> bool {
    name.ends_with(".new")
}

impl Segment {
    /// Makes the file and fills it, so that later writes need no room.
    ///
    /// # Errors
    /// [`LogError::Io`]; no file is left then, where it can be removed.
    pub(super) fn make(disk: &dyn Disk, number: u64, size: u64) -> Result<Arc<Self>, LogError> {
        let name = new_name(number);
        Self::fill(disk, &name, number, size).map_err(|error| {
            // What was filled so far is room that others may need.
            let _ = disk.remove(&name);
            LogError::io(&name, "filled with zeros", &error)
        })
    }

    fn fill(disk: &dyn Disk, name: &str, number: u64, size: u64) -> std::io::Result<Arc<Self>> {
        let file = disk.create(name)?;
        let zeros = vec![0; CHUNK.min(size as usize)];
        let mut offset = 0;
        while offset < size {
            let length = (size - offset).min(CHUNK as u64) as usize;
            file.write_at(offset, &zeros[..length])?;
            offset += length as u64;
        }
        file.sync()?;
        Ok(Arc::new(Self { number, file, size }))
    }
}
