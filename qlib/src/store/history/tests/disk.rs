//! A disk in memory that loses what was not synced when it crashes, and fails when it is told to.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use crate::log::disk::{Disk, File};

type Names = BTreeMap<String, Arc<Mutex<Content>>>;

#[derive(Clone, Default, Debug)]
pub(super) struct MemoryDisk(Arc<Mutex<State>>);

#[derive(Default, Debug)]
struct State {
    names: Names,
    synced: Names,
    /// So many more changes succeed.
    left: Option<usize>,
    changes: usize,
}

#[derive(Clone, Default, Debug)]
struct Content {
    bytes: Vec<u8>,
    synced: Vec<u8>,
}

impl MemoryDisk {
    /// What is left when the machine loses power.
    pub(super) fn crashed(&self) -> Self {
        let synced = &self.0.lock().synced;
        let content = |content: &Arc<Mutex<Content>>| {
            let synced = content.lock().synced.clone();
            let bytes = synced.clone();
            Arc::new(Mutex::new(Content { bytes, synced }))
        };
        let names: Names = synced
            .iter()
            .map(|(name, file)| (name.clone(), content(file)))
            .collect();
        let copy = Self::default();
        (copy.0.lock().synced, copy.0.lock().names) = (names.clone(), names);
        copy
    }

    /// Lets `changes` more changes succeed, and none after them.
    pub(super) fn fail_after(&self, changes: Option<usize>) {
        self.0.lock().left = changes;
    }

    /// How many changes there were.
    pub(super) fn changes(&self) -> usize {
        self.0.lock().changes
    }

    pub(super) fn bytes(&self) -> usize {
        let state = self.0.lock();
        state
            .names
            .values()
            .map(|file| file.lock().bytes.len())
            .sum()
    }

    /// Changes a file as no one should.
    pub(super) fn damage(&self, name: &str, damage: impl FnOnce(&mut Vec<u8>)) {
        damage(&mut self.0.lock().names[name].lock().bytes);
    }

    pub(super) fn read(&self, name: &str) -> Vec<u8> {
        self.0.lock().names[name].lock().bytes.clone()
    }

    fn change(&self) -> io::Result<()> {
        let mut state = self.0.lock();
        state.changes += 1;
        match &mut state.left {
            Some(0) => return Err(io::Error::other("the disk is told to fail")),
            Some(left) => *left -= 1,
            None => {}
        }
        Ok(())
    }

    fn handle(&self, content: &Arc<Mutex<Content>>) -> Box<dyn File> {
        Box::new(Handle {
            disk: self.clone(),
            content: Arc::clone(content),
        })
    }
}

impl Disk for MemoryDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.0.lock().names.keys().cloned().collect())
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn File>> {
        match self.0.lock().names.get(name) {
            Some(content) => Ok(self.handle(content)),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn File>> {
        self.change()?;
        let content = Arc::default();
        self.0
            .lock()
            .names
            .insert(name.into(), Arc::clone(&content));
        Ok(self.handle(&content))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.change()?;
        let mut state = self.0.lock();
        let content = state.names.remove(from);
        let content = content.ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.into(), content);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.change()?;
        match self.0.lock().names.remove(name) {
            Some(_) => Ok(()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn sync(&self) -> io::Result<()> {
        self.change()?;
        let mut state = self.0.lock();
        state.synced = state.names.clone();
        Ok(())
    }
}

/// A disk on which another process works: once the mark was opened, it is as it was later.
#[derive(Debug)]
pub(super) struct Passing {
    pub(super) before: MemoryDisk,
    pub(super) later: MemoryDisk,
    pub(super) has_passed: AtomicBool,
}

impl Passing {
    fn now(&self) -> &MemoryDisk {
        match self.has_passed.load(Ordering::Relaxed) {
            true => &self.later,
            false => &self.before,
        }
    }
}

impl Disk for Passing {
    fn list(&self) -> io::Result<Vec<String>> {
        self.now().list()
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn File>> {
        let opened = self.now().open(name);
        self.has_passed.store(true, Ordering::Relaxed);
        opened
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn File>> {
        self.now().create(name)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.now().rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.now().remove(name)
    }

    fn sync(&self) -> io::Result<()> {
        self.now().sync()
    }
}

#[derive(Debug)]
struct Handle {
    disk: MemoryDisk,
    content: Arc<Mutex<Content>>,
}

impl File for Handle {
    fn len(&self) -> io::Result<u64> {
        Ok(self.content.lock().bytes.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let content = self.content.lock();
        let from = content.bytes.get(offset as usize..).unwrap_or_default();
        let read = from.len().min(buffer.len());
        buffer[..read].copy_from_slice(&from[..read]);
        Ok(read)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.disk.change()?;
        let mut content = self.content.lock();
        let (from, to) = (offset as usize, offset as usize + bytes.len());
        if content.bytes.len() < to {
            content.bytes.resize(to, 0);
        }
        content.bytes[from..to].copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.disk.change()?;
        self.content.lock().bytes.resize(length as usize, 0);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.change()?;
        let mut content = self.content.lock();
        content.synced = content.bytes.clone();
        Ok(())
    }
}
