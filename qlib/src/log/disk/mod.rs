//! The directory of a store, as all that writes to it sees it: the seam at which tests put disks
//! that lose, tear and refuse what was written.

mod directory;
#[cfg(test)]
mod simulated;
mod stream;

use std::fmt::Debug;
use std::io;

pub(crate) use directory::Directory;
#[cfg(test)]
pub(crate) use simulated::{Faults, Leaves, Simulated};
pub(crate) use stream::{Input, Output};

/// A directory of files without subdirectories.
///
/// Nothing that was written is certain before it was synced: the data of a file by
/// [`File::sync`], that the file exists under its name by [`Disk::sync`].
pub(crate) trait Disk: Send + Sync + Debug {
    /// The names of all files.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Opens a file that exists.
    fn open(&self, name: &str) -> io::Result<Box<dyn File>>;

    /// Makes a file, in place of one of that name.
    fn create(&self, name: &str) -> io::Result<Box<dyn File>>;

    /// Gives a file another name, in place of a file that has it.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Waits until all names are on the disk.
    fn sync(&self) -> io::Result<()>;
}

/// An open file.
pub(crate) trait File: Send + Sync + Debug {
    /// Bytes of the file.
    fn len(&self) -> io::Result<u64>;

    /// Reads as many bytes as the buffer takes; fewer at the end of the file.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes all bytes.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Cuts the file, or makes it longer by a hole.
    fn set_len(&self, length: u64) -> io::Result<()>;

    /// Waits until the data is on the disk.
    fn sync(&self) -> io::Result<()>;
}
