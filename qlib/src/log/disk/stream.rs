//! Files of a [`Disk`](super::Disk) from their beginning to their end.

use std::io::{self, Read, Write};

use crate::log::disk::File;

/// Bytes that are written at once.
const CHUNK: usize = 256 << 10;

/// Bytes after which what was written is synced, so that nobody who syncs another file has to wait
/// for much of this one.
const SYNC: u64 = 4 << 20;

/// Reads a file.
#[derive(Debug)]
pub(crate) struct Input {
    file: Box<dyn File>,
    offset: u64,
}

impl Input {
    pub(crate) fn new(file: Box<dyn File>) -> Self {
        Self { file, offset: 0 }
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(self.offset, buffer)?;
        self.offset += read as u64;
        Ok(read)
    }
}

/// Writes a file that was made for it.
#[derive(Debug)]
pub(crate) struct Output {
    file: Box<dyn File>,
    buffer: Vec<u8>,
    written: u64,
    synced: u64,
}

impl Output {
    pub(crate) fn new(file: Box<dyn File>) -> Self {
        Self {
            file,
            buffer: Vec::with_capacity(CHUNK),
            written: 0,
            synced: 0,
        }
    }

    /// Waits until all is on the disk; says how many bytes that are.
    pub(crate) fn finish(mut self) -> io::Result<u64> {
        self.flush()?;
        self.file.sync()?;
        Ok(self.written)
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_at(self.written, &self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        if self.written - self.synced >= SYNC {
            self.synced = self.written;
            self.file.sync()?;
        }
        Ok(())
    }
}
