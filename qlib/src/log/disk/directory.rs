//! A real directory.

use std::fs;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::log::disk::{Disk, File};
use crate::model::LogError;

/// The file whose lock says that a process has the store open.
const LOCK: &str = "lock";

/// How long it takes at most until it is seen that nobody reads any more.
const PAUSE: Duration = Duration::from_millis(1);

/// A directory of the file system.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    /// Unlocked when it is dropped, if this process has locked it. There may be none in a directory
    /// that is only read.
    lock: Option<fs::File>,
    /// Whether files are opened to write to them, too.
    writes: bool,
}

impl Directory {
    /// Refuses a path where nothing is that `is_ours` knows.
    ///
    /// # Errors
    /// [`LogError::Missing`], [`LogError::Io`]
    pub(crate) fn must_hold(path: &Path, is_ours: fn(&str) -> bool) -> Result<(), LogError> {
        let directory = path.display().to_string();
        let entries = match fs::read_dir(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(LogError::io(&directory, "listed", &error));
            }
            entries => entries.into_iter().flatten(),
        };
        for entry in entries {
            let entry = entry.map_err(|error| LogError::io(&directory, "listed", &error))?;
            if is_ours(&entry.file_name().to_string_lossy()) {
                return Ok(());
            }
        }
        Err(LogError::Missing {
            directory: directory.into(),
        })
    }

    /// The error where nobody has a store in this directory.
    pub(crate) fn missing(&self) -> LogError {
        LogError::Missing {
            directory: self.path.display().to_string().into(),
        }
    }

    /// The directory at a path, which no other process has open; made where it is missing.
    ///
    /// # Errors
    /// Those of [`Directory::beside`], [`LogError::Locked`]
    pub(crate) fn open(path: &Path, is_ours: fn(&str) -> bool) -> Result<Self, LogError> {
        let directory = Self::beside(path, is_ours)?;
        if directory.try_lock()? {
            return Ok(directory);
        }
        Err(LogError::Locked {
            directory: path.display().to_string().into(),
            holder: directory.holder(),
        })
    }

    /// The directory at a path, to read it, whoever else has it open: nothing in it is changed, and
    /// nothing needs to be allowed but to read.
    ///
    /// # Errors
    /// [`LogError::Missing`], [`LogError::Io`]
    pub(crate) fn to_read(path: &Path, is_ours: fn(&str) -> bool) -> Result<Self, LogError> {
        let lock = match fs::File::open(path.join(LOCK)) {
            Ok(lock) => Some(lock),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Self::must_hold(path, is_ours)?;
                None
            }
            Err(error) => {
                let name = path.join(LOCK).display().to_string();
                return Err(LogError::io(&name, "opened", &error));
            }
        };
        Ok(Self {
            path: path.to_owned(),
            lock,
            writes: false,
        })
    }

    /// The directory at a path, whoever else has it open. One that holds other things and none of
    /// the files that `is_ours` knows is refused.
    ///
    /// # Errors
    /// [`LogError::NoStore`], [`LogError::Io`]
    pub(crate) fn beside(path: &Path, is_ours: fn(&str) -> bool) -> Result<Self, LogError> {
        let directory = path.display().to_string();
        let made = fs::create_dir_all(path);
        made.map_err(|error| LogError::io(&directory, "made", &error))?;
        let foreign = foreign(path, is_ours);
        let foreign = foreign.map_err(|error| LogError::io(&directory, "listed", &error))?;
        if let Some(file) = foreign {
            return Err(LogError::NoStore {
                directory: directory.into(),
                file: file.into(),
            });
        }
        let name = path.join(LOCK).display().to_string();
        let mut options = fs::OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let lock = options.open(path.join(LOCK));
        Ok(Self {
            path: path.to_owned(),
            lock: Some(lock.map_err(|error| LogError::io(&name, "opened", &error))?),
            writes: true,
        })
    }

    /// Takes the lock, unless another process writes. Those who read let go of it soon: they are
    /// waited for.
    ///
    /// # Errors
    /// [`LogError::Io`]
    pub(crate) fn try_lock(&self) -> Result<bool, LogError> {
        let lock = loop {
            if let Some(lock) = self.locked(fs::File::try_lock)? {
                break lock;
            }
            if !self.try_share()? {
                return Ok(false);
            }
            self.unlock();
            std::thread::sleep(PAUSE);
        };
        // For `holder`; whoever has the lock has it without this too.
        let _ = lock.set_len(0);
        let process = std::process::id().to_string();
        let _ = lock.write_all_at(process.as_bytes(), 0);
        Ok(true)
    }

    /// Keeps those away who would write, together with others who read, unless somebody writes. Where
    /// there is no lock, nobody does.
    ///
    /// # Errors
    /// [`LogError::Io`]
    pub(crate) fn try_share(&self) -> Result<bool, LogError> {
        let shared = self.locked(fs::File::try_lock_shared)?;
        Ok(shared.is_some() || self.lock.is_none())
    }

    /// The lock, if `lock` gets it.
    fn locked(
        &self,
        lock: fn(&fs::File) -> Result<(), fs::TryLockError>,
    ) -> Result<Option<&fs::File>, LogError> {
        let Some(file) = &self.lock else {
            return Ok(None);
        };
        match lock(file) {
            Ok(()) => self.must_be_in_place().inspect_err(|_| self.unlock())?,
            Err(fs::TryLockError::WouldBlock) => return Ok(None),
            Err(fs::TryLockError::Error(error)) => {
                let name = self.path.join(LOCK).display().to_string();
                return Err(LogError::io(&name, "locked", &error));
            }
        }
        Ok(Some(file))
    }

    /// Refuses to go on where the directory is gone, or another has taken its place: a lock that is no
    /// longer found at its path keeps nobody out.
    ///
    /// # Errors
    /// [`LogError::Io`]
    pub(crate) fn must_be_in_place(&self) -> Result<(), LogError> {
        let (path, found) = match &self.lock {
            Some(lock) => (self.path.join(LOCK), self.is_in_place(lock)),
            None => (self.path.clone(), fs::metadata(&self.path).map(drop)),
        };
        found.map_err(|error| LogError::io(&path.display().to_string(), "found", &error))
    }

    fn is_in_place(&self, lock: &fs::File) -> io::Result<()> {
        let identity = |file: &fs::Metadata| (file.dev(), file.ino());
        let found = fs::metadata(self.path.join(LOCK))?;
        if identity(&found) != identity(&lock.metadata()?) {
            let what = "another file has taken its place since it was opened; open the store anew";
            return Err(io::Error::other(what));
        }
        Ok(())
    }

    /// Lets go of the lock, for a process that cannot use it.
    pub(crate) fn unlock(&self) {
        if let Some(lock) = &self.lock {
            // It is let go of with the file, too.
            let _ = lock.unlock();
        }
    }

    /// Who has the lock, or had it last.
    pub(crate) fn holder(&self) -> Arc<str> {
        let holder = fs::read_to_string(self.path.join(LOCK)).unwrap_or_default();
        match holder.trim() {
            "" => "another process".into(),
            holder => format!("process {holder}").into(),
        }
    }
}

impl Directory {
    /// Copies all files to a new directory beside this one; says which.
    pub(crate) fn copy(&self) -> io::Result<PathBuf> {
        let path = self.path.canonicalize()?;
        let copy = (1..)
            .map(|number| match number {
                1 => path.with_added_extension("damaged"),
                _ => path.with_added_extension(format!("damaged-{number}")),
            })
            .find_map(|copy| match fs::create_dir(&copy) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => None,
                made => Some(made.map(|()| copy)),
            });
        let copy = copy.unwrap_or_else(|| Err(io::ErrorKind::AlreadyExists.into()))?;
        for name in self.list()?.iter().filter(|name| *name != LOCK) {
            fs::copy(path.join(name), copy.join(name))?;
            fs::File::open(copy.join(name))?.sync_all()?;
        }
        fs::File::open(&copy)?.sync_all()?;
        if let Some(parent) = path.parent() {
            fs::File::open(parent)?.sync_all()?;
        }
        Ok(copy)
    }
}

/// Something in a directory that holds nothing of ours.
fn foreign(path: &Path, is_ours: fn(&str) -> bool) -> io::Result<Option<String>> {
    let mut foreign = None;
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name == LOCK || is_ours(&name) {
            return Ok(None);
        }
        foreign = Some(name);
    }
    Ok(foreign)
}

impl Disk for Directory {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_type()?.is_file()
                && let Ok(name) = entry.file_name().into_string()
            {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn File>> {
        let mut options = fs::OpenOptions::new();
        options.read(true).write(self.writes);
        Ok(Box::new(options.open(self.path.join(name))?))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn File>> {
        let mut options = fs::OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        Ok(Box::new(options.open(self.path.join(name))?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync(&self) -> io::Result<()> {
        fs::File::open(&self.path)?.sync_all()
    }
}

impl File for fs::File {
    fn len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut read = 0;
        while let Some(rest) = buffer.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match FileExt::read_at(self, rest, offset + read as u64) {
                Ok(0) => break,
                Ok(bytes) => read += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        fs::File::set_len(self, length)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}
