//! Which segments are in use, and which are needed no more.

use parking_lot::Mutex;

use crate::log::disk::Disk;
use crate::log::file::segment::name;
use crate::model::{LogError, Revision};

/// A segment in use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Used {
    pub(super) number: u64,
    /// The first revision in it.
    pub(super) first: Revision,
    /// Bytes of the file, at most.
    pub(super) size: u64,
}

/// The segments in use, the oldest first.
#[derive(Debug)]
pub(crate) struct InUse(Mutex<Vec<Used>>);

impl InUse {
    pub(super) fn new(segments: Vec<Used>) -> Self {
        Self(Mutex::new(segments))
    }

    pub(super) fn push(&self, segment: Used) {
        self.0.lock().push(segment);
    }

    /// The oldest revision in them.
    pub(crate) fn first(&self) -> Option<Revision> {
        self.0.lock().first().map(|oldest| oldest.first)
    }

    /// Bytes of the segments that hold commits behind a revision, at most.
    pub(crate) fn bytes_behind(&self, revision: Revision) -> u64 {
        let segments = self.0.lock();
        let behind = &segments[needless(&segments, revision)..];
        behind.iter().map(|segment| segment.size).sum()
    }

    /// Removes the files whose commits are all at or before a revision.
    ///
    /// # Errors
    /// [`LogError::Io`]
    pub(crate) fn remove_until(&self, disk: &dyn Disk, revision: Revision) -> Result<(), LogError> {
        let needless = {
            let mut segments = self.0.lock();
            let count = needless(&segments, revision);
            segments.drain(..count).collect::<Vec<_>>()
        };
        needless.iter().try_for_each(|segment| {
            let name = name(segment.number);
            disk.remove(&name)
                .map_err(|error| LogError::io(&name, "removed", &error))
        })
    }
}

/// How many segments hold only commits at or before a revision. The newest one is not counted.
fn needless(segments: &[Used], revision: Revision) -> usize {
    let next = segments.get(1..).unwrap_or_default();
    next.partition_point(|next| next.first <= revision + 1)
}
