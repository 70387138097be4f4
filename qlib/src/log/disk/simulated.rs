//! A disk that crashes, tears, reorders, and refuses what it is told to.

use std::collections::BTreeMap;
use std::io;
use std::mem;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use crate::log::disk::{Disk, File};

/// Bytes that are written whole or not at all.
const SECTOR: usize = 512;

/// What a crash leaves of what was not synced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Leaves {
    Nothing,
    All,
    /// Of the names a prefix, of the data any sectors, chosen by a seed.
    Some(u64),
}

/// What goes wrong, and how often it did.
#[derive(Clone, Default, Debug)]
pub(crate) struct Faults {
    /// The power goes off at this operation, counted from 1.
    pub(crate) crash_at: Option<u64>,
    /// This sync of a file called `*.log` fails, counted from 1, and the data that it was for is lost.
    pub(crate) fail_sync: Option<u64>,
    /// Bytes that all files together may have.
    pub(crate) capacity: Option<u64>,
    pub(crate) fired: u64,
}

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Default, Debug)]
pub(crate) struct Simulated {
    inner: Arc<Mutex<Inner>>,
    released: Arc<Condvar>,
}

#[derive(Default, Debug)]
struct Inner {
    files: Vec<Data>,
    names: BTreeMap<String, usize>,
    synced_names: BTreeMap<String, usize>,
    unsynced_names: Vec<Change>,
    operations: u64,
    syncs: u64,
    off: bool,
    /// Syncs of the log wait.
    held: bool,
    faults: Faults,
}

#[derive(Clone, Debug)]
enum Change {
    Create(String, usize),
    Rename(String, String),
    Remove(String),
}

#[derive(Clone, Default, Debug)]
struct Data {
    bytes: Vec<u8>,
    synced: Vec<u8>,
    unsynced: Vec<Write>,
}

#[derive(Clone, Debug)]
enum Write {
    At(usize, Vec<u8>),
    Length(usize),
}

fn change(names: &mut BTreeMap<String, usize>, change: &Change) {
    match change {
        Change::Create(name, file) => drop(names.insert(name.clone(), *file)),
        Change::Rename(from, to) => {
            if let Some(file) = names.remove(from) {
                names.insert(to.clone(), file);
            }
        }
        Change::Remove(name) => drop(names.remove(name)),
    }
}

fn write(bytes: &mut Vec<u8>, offset: usize, written: &[u8]) {
    let end = offset + written.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[offset..end].copy_from_slice(written);
}

/// SplitMix64.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Data {
    /// The file that a crash leaves.
    fn after_crash(&self, keeps: &mut impl FnMut() -> bool) -> Self {
        let mut bytes = self.synced.clone();
        for unsynced in &self.unsynced {
            match unsynced {
                Write::At(offset, written) => {
                    let mut start = 0;
                    while start < written.len() {
                        let sector = SECTOR - (offset + start) % SECTOR;
                        let end = (start + sector).min(written.len());
                        if keeps() {
                            write(&mut bytes, offset + start, &written[start..end]);
                        }
                        start = end;
                    }
                }
                Write::Length(length) if keeps() => bytes.resize(*length, 0),
                Write::Length(_) => {}
            }
        }
        Self {
            synced: bytes.clone(),
            bytes,
            unsynced: Vec::new(),
        }
    }
}

impl Simulated {
    pub(crate) fn with(faults: Faults) -> Self {
        let disk = Self::default();
        disk.inner.lock().faults = faults;
        disk
    }

    /// Changes what goes wrong from here on.
    pub(crate) fn set_faults(&self, faults: Faults) {
        let mut inner = self.inner.lock();
        (inner.operations, inner.syncs) = (0, 0);
        inner.faults = faults;
    }

    /// How often something went wrong.
    pub(crate) fn fired(&self) -> u64 {
        self.inner.lock().faults.fired
    }

    /// The disk that is found when the power comes back.
    pub(crate) fn after_crash(&self, leaves: Leaves) -> Self {
        let inner = self.inner.lock();
        let mut seed = match leaves {
            Leaves::Some(seed) => seed,
            Leaves::Nothing | Leaves::All => 0,
        };
        let mut names = inner.synced_names.clone();
        let changes = match leaves {
            Leaves::Nothing => 0,
            Leaves::All => inner.unsynced_names.len(),
            Leaves::Some(_) => random(&mut seed) as usize % (inner.unsynced_names.len() + 1),
        };
        for unsynced in &inner.unsynced_names[..changes] {
            change(&mut names, unsynced);
        }
        let mut keeps = || match leaves {
            Leaves::Nothing => false,
            Leaves::All => true,
            Leaves::Some(_) => random(&mut seed).is_multiple_of(2),
        };
        let files = inner.files.iter().map(|data| data.after_crash(&mut keeps));
        let found = Inner {
            files: files.collect(),
            synced_names: names.clone(),
            names,
            ..Inner::default()
        };
        Self {
            inner: Arc::new(Mutex::new(found)),
            released: Arc::default(),
        }
    }

    /// Lets syncs of files called `*.log` wait, or go on.
    pub(crate) fn hold_syncs(&self, held: bool) {
        self.inner.lock().held = held;
        self.released.notify_all();
    }

    /// The bytes of a file.
    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        let inner = self.inner.lock();
        inner.files[inner.names[name]].bytes.clone()
    }

    /// Replaces the bytes of a file.
    pub(crate) fn set_bytes(&self, name: &str, bytes: Vec<u8>) {
        let mut inner = self.inner.lock();
        let file = inner.names[name];
        inner.files[file].synced = bytes.clone();
        inner.files[file].bytes = bytes;
    }
}

impl Inner {
    fn must_be_on(&self) -> io::Result<()> {
        if self.off {
            return Err(io::Error::other("the power is off"));
        }
        Ok(())
    }

    /// Counts an operation; says whether the power goes off during it.
    fn begin(&mut self) -> io::Result<bool> {
        self.must_be_on()?;
        self.operations += 1;
        if self.faults.crash_at == Some(self.operations) {
            self.faults.fired += 1;
            self.off = true;
        }
        Ok(self.off)
    }

    fn change(&mut self, changed: Change) -> io::Result<()> {
        let off = self.begin()?;
        change(&mut self.names, &changed);
        self.unsynced_names.push(changed);
        if off { self.must_be_on() } else { Ok(()) }
    }

    fn used(&self) -> u64 {
        let files = self.names.values();
        files.map(|file| self.files[*file].bytes.len() as u64).sum()
    }
}

impl Disk for Simulated {
    fn list(&self) -> io::Result<Vec<String>> {
        let inner = self.inner.lock();
        inner.must_be_on()?;
        Ok(inner.names.keys().cloned().collect())
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn File>> {
        let inner = self.inner.lock();
        inner.must_be_on()?;
        let file = inner.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(SimulatedFile {
            disk: self.clone(),
            file: *file,
        }))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn File>> {
        let mut inner = self.inner.lock();
        let file = inner.files.len();
        inner.files.push(Data::default());
        inner.change(Change::Create(name.to_owned(), file))?;
        drop(inner);
        self.open(name)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut inner = self.inner.lock();
        inner.change(Change::Rename(from.to_owned(), to.to_owned()))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.inner.lock().change(Change::Remove(name.to_owned()))
    }

    fn sync(&self) -> io::Result<()> {
        let mut inner = self.inner.lock();
        if inner.begin()? {
            return inner.must_be_on();
        }
        inner.synced_names = inner.names.clone();
        inner.unsynced_names.clear();
        Ok(())
    }
}

#[derive(Debug)]
struct SimulatedFile {
    disk: Simulated,
    file: usize,
}

impl File for SimulatedFile {
    fn len(&self) -> io::Result<u64> {
        let inner = self.disk.inner.lock();
        inner.must_be_on()?;
        Ok(inner.files[self.file].bytes.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let inner = self.disk.inner.lock();
        inner.must_be_on()?;
        let bytes = &inner.files[self.file].bytes;
        let rest = bytes.get(offset as usize..).unwrap_or_default();
        let read = rest.len().min(buffer.len());
        buffer[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut inner = self.disk.inner.lock();
        let off = inner.begin()?;
        let mut written = bytes;
        let length = inner.files[self.file].bytes.len() as u64;
        let grows = (offset + bytes.len() as u64).saturating_sub(length);
        let room = inner.faults.capacity.unwrap_or(u64::MAX);
        let missing = (inner.used() + grows).saturating_sub(room).min(grows);
        if missing > 0 {
            inner.faults.fired += 1;
            written = &bytes[..bytes.len() - missing as usize];
        }
        let data = &mut inner.files[self.file];
        write(&mut data.bytes, offset as usize, written);
        let unsynced = Write::At(offset as usize, written.to_vec());
        data.unsynced.push(unsynced);
        if missing > 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if off { inner.must_be_on() } else { Ok(()) }
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut inner = self.disk.inner.lock();
        let off = inner.begin()?;
        let data = &mut inner.files[self.file];
        data.bytes.resize(length as usize, 0);
        data.unsynced.push(Write::Length(length as usize));
        if off { inner.must_be_on() } else { Ok(()) }
    }

    fn sync(&self) -> io::Result<()> {
        let mut inner = self.disk.inner.lock();
        let mut names = inner.names.iter();
        let is_log = names.any(|(name, file)| *file == self.file && name.ends_with(".log"));
        while is_log && inner.held {
            self.disk.released.wait(&mut inner);
        }
        if inner.begin()? {
            return inner.must_be_on();
        }
        inner.syncs += u64::from(is_log);
        let fails = is_log && inner.faults.fail_sync == Some(inner.syncs);
        let data = &mut inner.files[self.file];
        let unsynced = mem::take(&mut data.unsynced);
        if fails {
            // As Linux does: the pages count as clean, and only memory has them.
            inner.faults.fired += 1;
            return Err(io::Error::from_raw_os_error(5));
        }
        // What an earlier sync lost is not in `unsynced`, so it does not come back here.
        for unsynced in unsynced {
            match unsynced {
                Write::At(offset, written) => write(&mut data.synced, offset, &written),
                Write::Length(length) => data.synced.resize(length, 0),
            }
        }
        Ok(())
    }
}
