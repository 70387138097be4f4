//! The thread that makes the next segment while the present one is written.

use crate::log::disk::Disk;
use crate::log::file::group::Group;
use crate::log::file::segment::{Segment, new_name};

/// Makes segments as they are asked for, until the log is closed.
pub(super) fn run(disk: &dyn Disk, group: &Group) {
    while let Some((number, size)) = group.wanted() {
        group.made(Segment::make(disk, number, size));
    }
    if let Some(unused) = group.unused() {
        // An opening removes it too.
        let _ = disk.remove(&new_name(unused));
    }
}
