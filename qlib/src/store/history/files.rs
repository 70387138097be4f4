//! The files of the history: which there are, and how blocks get into them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as MapEntry;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use prost::Message;

use crate::log::disk::{Disk, File};
use crate::log::frame;
use crate::model::{LogError, Revision, Timestamp};
use crate::store::history::KnownField;
use crate::store::history::block::{Block, FieldNumber, Place};
use crate::store::history::file::{BlockFile, Reports, unwritten};
use crate::wire::nanos;
use crate::wire::proto::history::{
    Entry, Field, File as FileMessage, Footer, Header, Index, Location, entry::Entry as Is,
};
use crate::wire::proto::model as proto;

/// The version of the format.
pub(super) const VERSION: u32 = 1;
/// The file of what is in no block yet, and what it is called while it is written.
pub(super) const MARK: &str = "history-mark";
pub(super) const NEW_MARK: &str = "history-mark.new";

/// What errors of the directory itself call it.
pub(super) const DIRECTORY: &str = "history";

/// What a file of blocks is called.
pub(super) fn name(number: u64) -> String {
    format!("history-{number:08}")
}

/// The number of a file of blocks.
pub(super) fn number(name: &str) -> Option<u64> {
    name.strip_prefix("history-")?.parse().ok()
}

/// The files of the history.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) reports: Arc<Reports>,
    /// The files of the mark, in the order of their numbers.
    pub(super) stored: Vec<Stored>,
    /// The number of the next file.
    pub(super) next: u64,
    /// The revision of the mark, if there is one.
    pub(super) position: Revision,
    pub(super) is_marked: bool,
    /// Files that belong to no mark.
    pub(super) leftover: Vec<String>,
}

/// A file of blocks.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) number: u64,
    pub(super) file: Arc<BlockFile>,
    /// Bytes that belong to the mark.
    pub(super) length: u64,
    pub(super) blocks: Vec<Arc<Block>>,
    /// The time of the newest sample.
    pub(super) newest: Timestamp,
    /// Set while blocks are added to it.
    pub(super) open: Option<Growing>,
}

/// What the end of a file will say.
#[derive(Clone, Default, Debug)]
pub(super) struct Growing {
    pub(super) fields: BTreeMap<FieldNumber, Field>,
    pub(super) locations: Vec<Location>,
}

/// Appends frames to a file.
pub(super) struct Writer<'a> {
    file: &'a dyn File,
    /// How long the file is, with what is in the buffer.
    pub(super) length: u64,
    buffer: Vec<u8>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(file: &'a dyn File, length: u64) -> Self {
        Self {
            file,
            length,
            buffer: Vec::new(),
        }
    }

    /// Adds a frame; gives where it begins and its bytes.
    pub(super) fn add(&mut self, entry: Is) -> (u64, u32) {
        let entry = Entry { entry: Some(entry) };
        self.add_bytes(&entry.encode_to_vec())
    }

    fn add_bytes(&mut self, message: &[u8]) -> (u64, u32) {
        let (offset, begin) = (self.length, self.buffer.len());
        self.buffer.extend([0; frame::HEAD]);
        self.buffer.extend(message);
        frame::finish(&mut self.buffer[begin..]);
        let length = (self.buffer.len() - begin) as u32;
        self.length += u64::from(length);
        (offset, length)
    }

    /// Writes the buffer, if it is large.
    pub(super) fn write_large(&mut self) -> io::Result<()> {
        if self.buffer.len() < 1 << 20 {
            return Ok(());
        }
        self.write()
    }

    fn write(&mut self) -> io::Result<()> {
        let offset = self.length - self.buffer.len() as u64;
        self.file.write_at(offset, &self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// Waits until all of it is on the disk.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.write()?;
        self.file.sync()
    }
}

/// Blocks that were written to files, before the mark says so.
#[derive(Default)]
pub(super) struct Written {
    /// The blocks, and where they are now.
    pub(super) blocks: Vec<(Arc<Block>, Place)>,
    /// The files that were written to, by their numbers: the length of each, what its end will say,
    /// and the time of its newest sample.
    files: BTreeMap<u64, (u64, Option<Growing>, Timestamp)>,
}

impl Files {
    pub(super) fn new(disk: Arc<dyn Disk>, reports: Arc<Reports>) -> Self {
        Self {
            disk,
            reports,
            stored: Vec::new(),
            next: 1,
            position: 0,
            is_marked: false,
            leftover: Vec::new(),
        }
    }

    /// Cuts what was written to a file after the mark, by a process that ended before it wrote another.
    pub(super) fn cut(&self) -> Result<(), LogError> {
        for stored in self.stored.iter().filter(|stored| stored.open.is_some()) {
            let BlockFile { name, file, .. } = &*stored.file;
            let cut = file.len().and_then(|length| match length > stored.length {
                true => file.set_len(stored.length),
                false => Ok(()),
            });
            cut.map_err(|error| unwritten(name, &error))?;
        }
        Ok(())
    }

    /// Removes the files that belong to no mark.
    pub(super) fn tidy(&mut self) -> Result<(), LogError> {
        while let Some(name) = self.leftover.last() {
            self.disk
                .remove(name)
                .map_err(|error| unwritten(name, &error))?;
            self.leftover.pop();
        }
        Ok(())
    }

    /// Writes blocks, each to a file of those that are kept as long, and syncs the files. They count
    /// when [`Files::accept`] takes them.
    pub(super) fn write(
        &mut self,
        mut blocks: Vec<Arc<Block>>,
        fields: &BTreeMap<FieldNumber, KnownField>,
        roll: u64,
        written: &mut Written,
    ) -> Result<(), LogError> {
        blocks.sort_by_key(|block| block.keep);
        let before = self.stored.len();
        for group in blocks.chunk_by(|a, b| a.keep == b.keep) {
            let mut rest = group;
            while let Some(first) = rest.first() {
                let at = self.growing(first.keep, written)?;
                let name = &self.stored[at].file.name;
                rest = self
                    .fill(at, rest, fields, roll, written)
                    .map_err(|error| unwritten(name, &error))?;
            }
        }
        if self.stored.len() > before {
            self.disk
                .sync()
                .map_err(|error| unwritten(DIRECTORY, &error))?;
        }
        Ok(())
    }

    /// The file to which blocks that are kept so long are added, as its place in the list.
    fn growing(&mut self, keep: Duration, written: &Written) -> Result<usize, LogError> {
        let grows = |stored: &Stored| {
            let state = written.files.get(&stored.number);
            let open = state.map_or(&stored.open, |(_, open, _)| open);
            stored.file.keep == keep && open.is_some()
        };
        if let Some(at) = self.stored.iter().position(grows) {
            return Ok(at);
        }
        let number = self.next;
        self.next += 1;
        let name = name(number);
        let file = self.disk.create(&name);
        let file = BlockFile {
            file: file.map_err(|error| unwritten(&name, &error))?,
            name,
            keep,
            reports: Arc::clone(&self.reports),
        };
        self.stored.push(Stored {
            number,
            file: Arc::new(file),
            length: 0,
            blocks: Vec::new(),
            newest: Timestamp::from_nanos(i64::MIN),
            open: Some(Growing::default()),
        });
        Ok(self.stored.len() - 1)
    }

    /// Writes blocks to a file until it is large; gives the rest.
    fn fill<'a>(
        &self,
        at: usize,
        mut blocks: &'a [Arc<Block>],
        fields: &BTreeMap<FieldNumber, KnownField>,
        roll: u64,
        written: &mut Written,
    ) -> io::Result<&'a [Arc<Block>]> {
        let stored = &self.stored[at];
        let mut writer = Writer::new(&*stored.file.file, stored.length);
        let mut growing = stored.open.clone().unwrap_or_default();
        let mut newest = stored.newest;
        if writer.length == 0 {
            writer.add(Is::Header(Header {
                version: VERSION,
                keep: nanos(stored.file.keep),
            }));
        }
        // A file goes as a whole, when its newest sample does: none may grow for long.
        let old = |growing: &Growing, block: &Arc<Block>| {
            let first = growing.locations.first();
            let first = first.map_or(block.last, |first| Timestamp::from_nanos(first.first));
            block.last.since(first) > stored.file.keep / 8
        };
        while let Some((block, rest)) = blocks.split_first()
            && writer.length <= roll
            && !old(&growing, block)
        {
            blocks = rest;
            let (Some(bytes), Some(field)) = (block.in_memory(), fields.get(&block.key.field))
            else {
                continue;
            };
            if let MapEntry::Vacant(vacant) = growing.fields.entry(block.key.field) {
                let field = field.message(block.key.field);
                writer.add(Is::Field(field.clone()));
                vacant.insert(field);
            }
            let (offset, length) = writer.add_bytes(&bytes);
            writer.write_large()?;
            growing.locations.push(block.location(offset, length));
            newest = newest.max(block.last);
            let place = Place::File {
                file: Arc::clone(&stored.file),
                offset,
                length,
            };
            written.blocks.push((Arc::clone(block), place));
        }
        let full = writer.length > roll || !blocks.is_empty();
        let open = if full {
            let index = Index {
                fields: growing.fields.into_values().collect(),
                blocks: growing.locations,
            };
            let (index, _) = writer.add(Is::Index(index));
            writer.add(Is::Footer(Footer { index }));
            None
        } else {
            Some(growing)
        };
        writer.sync()?;
        written
            .files
            .insert(stored.number, (writer.length, open, newest));
        Ok(blocks)
    }

    /// The files that go when what was written counts: those of which nothing is kept, and the oldest
    /// of those that are too many. The others come with their lengths.
    pub(super) fn old(
        &self,
        written: &Written,
        now: Timestamp,
        limit: u64,
    ) -> (Vec<u64>, Vec<FileMessage>) {
        let mut old = Vec::new();
        let mut rest = Vec::new();
        for stored in &self.stored {
            let state = written.files.get(&stored.number);
            let (length, newest) = state
                .map_or((stored.length, stored.newest), |(length, _, newest)| {
                    (*length, *newest)
                });
            if newest < now - stored.file.keep {
                old.push(stored.number);
            } else {
                rest.push((newest, stored.number, length, stored.file.keep));
            }
        }
        rest.sort_unstable();
        let mut bytes = rest.iter().map(|(_, _, length, _)| length).sum::<u64>();
        let mut rest = rest.into_iter().peekable();
        while let Some((_, number, length, _)) = rest.next_if(|_| bytes > limit) {
            bytes -= length;
            old.push(number);
        }
        let file = |(_, number, length, keep)| FileMessage {
            number,
            length,
            keep: nanos(keep),
        };
        (old, rest.map(file).collect())
    }

    /// Takes what was written: the mark says that it belongs to it. Gives the files that go.
    pub(super) fn accept(&mut self, written: Written, old: &[u64]) -> Vec<Stored> {
        for (number, (length, open, newest)) in written.files {
            let stored = self
                .stored
                .iter_mut()
                .find(|stored| stored.number == number);
            if let Some(stored) = stored {
                (stored.length, stored.open, stored.newest) = (length, open, newest);
            }
        }
        for (block, place) in written.blocks {
            if let Place::File { file, .. } = &place {
                let mut stored = self.stored.iter_mut();
                let stored = stored.find(|stored| Arc::ptr_eq(&stored.file, file));
                stored
                    .into_iter()
                    .for_each(|stored| stored.blocks.push(Arc::clone(&block)));
            }
            block.moved(place);
        }
        let gone = |stored: &mut Stored| old.contains(&stored.number);
        self.stored.extract_if(.., gone).collect()
    }

    /// Gives up what was written behind the first `before` files, and to them: it did not all get to
    /// the disk. Nothing more is added to them, since nobody knows what is at their ends.
    pub(super) fn abandon(&mut self, before: usize) {
        for stored in self.stored.drain(before..) {
            // The disk fails already. What stays is removed with the next mark.
            if self.disk.remove(&stored.file.name).is_err() {
                self.leftover.push(stored.file.name.clone());
            }
        }
        for stored in &mut self.stored {
            stored.open = None;
        }
    }

    /// The same where the new mark may count or not: then its files must stay until another one does.
    pub(super) fn doubt(&mut self, before: usize) {
        let names = self
            .stored
            .drain(before..)
            .map(|stored| stored.file.name.clone());
        self.leftover.extend(names);
        self.abandon(before);
    }
}

impl KnownField {
    pub(super) fn message(&self, number: FieldNumber) -> Field {
        Field {
            number,
            r#type: self.declared_by.to_string(),
            name: self.name.to_string(),
            kind: proto::Kind::from(self.kind).into(),
        }
    }
}
