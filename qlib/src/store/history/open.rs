//! Reading the history from its directory.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;

use crate::log::disk::{Disk, File};
use crate::log::frame;
use crate::model::{Kind, LogError, Revision, Timestamp};
use crate::store::history::block::{Block, decode, key};
use crate::store::history::feeder::Feeder;
use crate::store::history::file::{BlockFile, Reports, entry, unread};
use crate::store::history::files::{
    DIRECTORY, Files, Growing, MARK, Stored, VERSION, name, number,
};
use crate::store::history::{Fields, History, HistoryLimits, KnownField};
use crate::wire::Malformed;
use crate::wire::proto::history::{
    Block as BlockMessage, End, Field, File as FileMessage, Index, Location, Mark, Series,
    entry::Entry as Is,
};
use crate::wire::proto::model as proto;

/// What is wrong where a frame should be.
const NO_FRAME: &str = "no whole frame, or one with a wrong checksum";

/// Bytes of the frame of a Footer.
const FOOTER: u64 = 19;

impl History {
    /// Opens the history of a directory. It has all commits up to its mark: the log is to
    /// be fed from there on, or from before. What is damaged is reported and left out. Nothing is
    /// written before the first flush.
    ///
    /// # Errors
    /// [`LogError::Io`]: the directory cannot be read.
    pub(crate) fn open(disk: Arc<dyn Disk>, limits: HistoryLimits) -> Result<Feeder, LogError> {
        let names = disk.list().map_err(|error| unread(DIRECTORY, &error))?;
        let mut numbers: Vec<u64> = names.iter().filter_map(|name| number(name)).collect();
        numbers.sort_unstable();
        let reports = Arc::<Reports>::default();
        let mut files = Files::new(Arc::clone(&disk), Arc::clone(&reports));
        files.next = numbers.last().map_or(1, |last| last + 1);
        let mut marked = None;
        if names.iter().any(|name| name == MARK) {
            match read_mark(&*disk) {
                Ok(read) => marked = Some(read),
                Err((offset, reason)) => reports.add(MARK, offset, &reason),
            }
        }
        let mut found = Fields::default();
        let mut locations = Vec::new();
        let mut load = |number: u64, stated: Option<&FileMessage>, files: &mut Files| {
            if let Some((stored, index)) = load_file(&*disk, number, stated, &reports) {
                for field in &index.fields {
                    found.learn(field);
                }
                locations.push(index.blocks);
                files.stored.push(stored);
            }
        };
        let history;
        let (from, guard, series) = match marked {
            Some((mark, series, end)) => {
                for file in &end.files {
                    load(file.number, Some(file), &mut files);
                }
                let stated: Vec<u64> = end.files.iter().map(|file| file.number).collect();
                numbers.retain(|number| !stated.contains(number));
                files.leftover = numbers.into_iter().map(name).collect();
                files.is_marked = true;
                found = Fields::default();
                mark.fields.iter().for_each(|field| found.learn(field));
                found.next = mark.next_field;
                (mark.revision, end.newest, series)
            }
            None => {
                for number in numbers {
                    load(number, None, &mut files);
                }
                let newest = locations.iter().flatten().map(|block| block.revision).max();
                (0, newest.unwrap_or(0), Vec::new())
            }
        };
        files.position = from;
        history = Self::new(limits, None, reports);
        history.attach(&mut files, &locations, &found);
        history.resume(series, &found);
        history.fed.store(from, Ordering::Release);
        *history.fields.lock() = found;
        let history = Self {
            on_disk: true,
            files: Some(files).into(),
            ..history
        };
        Ok(Feeder::new(Arc::new(history), from, guard))
    }

    /// Opens the history of a directory that another process writes: what comes is kept in memory.
    ///
    /// # Errors
    /// Those of [`History::open`]
    pub(crate) fn open_beside(
        disk: Arc<dyn Disk>,
        limits: HistoryLimits,
    ) -> Result<Feeder, LogError> {
        let mut feeder = Self::open(Arc::clone(&disk), limits)?;
        // What a mark names may be removed once there is a newer one.
        while !feeder.history().damage().is_empty() && is_passed(&*disk, feeder.history().fed()) {
            feeder = Self::open(Arc::clone(&disk), limits)?;
        }
        feeder.stay_in_memory();
        Ok(feeder)
    }

    /// Gives the series their blocks.
    fn attach(&self, files: &mut Files, locations: &[Vec<Location>], fields: &Fields) {
        for (stored, locations) in files.stored.iter_mut().zip(locations) {
            for location in locations {
                let block = Block::on_disk(&stored.file, location);
                stored.newest = stored.newest.max(block.last);
                if fields.known.contains_key(&block.key.field) {
                    let mut shard = self.shard(block.key.entity).lock();
                    let series = shard.entry(block.key).or_default();
                    series.newest = series.newest.max(block.newest);
                    series.blocks.push_back(Arc::clone(&block));
                    stored.blocks.push(block);
                }
            }
        }
        for shard in &self.shards {
            for series in shard.lock().values_mut() {
                // A field that is kept for another time now has blocks in files of both kinds.
                series
                    .blocks
                    .make_contiguous()
                    .sort_by_key(|block| block.first);
            }
        }
    }

    /// Gives the series what the mark says was open.
    fn resume(&self, series: Vec<Series>, fields: &Fields) {
        for Series { block, held, keep } in series {
            let Some(block) = block else {
                continue;
            };
            let key = key(&block);
            match decode(block) {
                Ok(samples) if fields.known.contains_key(&key.field) => {
                    let mut shard = self.shard(key.entity).lock();
                    let series = shard.entry(key).or_default();
                    series.resume(samples, held, Duration::from_nanos(keep));
                    self.count(0, series.bytes);
                }
                Ok(_) => {}
                Err(reason) => self.reports.add(MARK, 0, reason.0),
            }
        }
    }
}

impl Fields {
    fn learn(&mut self, field: &Field) {
        let kind =
            proto::Kind::try_from(field.kind).map_err(|_| Malformed("a kind of a newer version"));
        // A field of no known kind is none that this version can ask for.
        if let Ok(kind) = kind.and_then(Kind::try_from) {
            let known = KnownField {
                declared_by: (&*field.r#type).into(),
                name: (&*field.name).into(),
                kind,
            };
            self.known.insert(field.number, known);
        }
        self.next = self.next.max(field.number);
    }
}

/// Whether there is a mark of a later revision.
fn is_passed(disk: &dyn Disk, revision: Revision) -> bool {
    read_mark(disk).is_ok_and(|(mark, ..)| mark.revision > revision)
}

/// What is wrong in a file, and where.
type Fault = (u64, String);

fn read_mark(disk: &dyn Disk) -> Result<(Mark, Vec<Series>, End), Fault> {
    let file = disk.open(MARK).map_err(|error| (0, error.to_string()))?;
    let bytes = read_all(&*file, None).map_err(|error| (0, error.to_string()))?;
    let mut at = 0;
    let mut next = || {
        let offset = at as u64;
        let found = entry(&bytes, at).and_then(|(entry, next)| Some((entry.entry?, next)));
        match found {
            Some((entry, next)) => {
                at = next;
                Ok((offset, entry))
            }
            None => Err((offset, NO_FRAME.to_owned())),
        }
    };
    let mark = match next()? {
        (_, Is::Mark(mark)) if mark.version == VERSION => mark,
        (offset, Is::Mark(mark)) => {
            let reason = format!(
                "its format has version {}, this one is {VERSION}",
                mark.version
            );
            return Err((offset, reason));
        }
        (offset, _) => return Err((offset, "it does not begin as a mark does".into())),
    };
    let mut series = Vec::new();
    loop {
        match next()? {
            (_, Is::Series(each)) => series.push(each),
            (_, Is::End(end)) if end.series == series.len() as u64 => {
                return Ok((mark, series, end));
            }
            (offset, _) => return Err((offset, "a frame that does not belong there".into())),
        }
    }
}

/// Opens a file of blocks; `stated` is what the mark says of it. `None` where nothing of it can be
/// read, which is then reported.
fn load_file(
    disk: &dyn Disk,
    number: u64,
    stated: Option<&FileMessage>,
    reports: &Arc<Reports>,
) -> Option<(Stored, Index)> {
    let name = name(number);
    let report = |offset, reason: &str| reports.add(&name, offset, reason);
    let opened = disk.open(&name).and_then(|file| Ok((file.len()?, file)));
    let (actual, file) = opened
        .inspect_err(|error| report(0, &error.to_string()))
        .ok()?;
    let length = stated.map_or(actual, |stated| stated.length.min(actual));
    let mut growing = stated.is_some_and(|stated| stated.length == length);
    if !growing && stated.is_some() {
        report(length, "the file ends too early");
    }
    let header = match entry_at(&*file, 0, length.min(64)) {
        Some(Is::Header(header)) if header.version != VERSION => {
            let version = header.version;
            report(
                0,
                &format!("its format has version {version}, this one is {VERSION}"),
            );
            return None;
        }
        Some(Is::Header(header)) => Some(header.keep),
        _ => None,
    };
    let Some(keep) = header.or(stated.map(|stated| stated.keep)) else {
        report(0, "it does not begin as a file of blocks does");
        return None;
    };
    let file = BlockFile {
        name: name.clone(),
        keep: Duration::from_nanos(keep),
        file,
        reports: Arc::clone(reports),
    };
    let index = match read_index(&*file.file, length) {
        Some(index) => {
            growing = false;
            index
        }
        None => match scan(&file, length) {
            Ok((index, intact)) => {
                growing &= intact;
                index
            }
            Err(error) => {
                report(0, &error.to_string());
                return None;
            }
        },
    };
    let open = growing.then(|| Growing {
        fields: index
            .fields
            .iter()
            .map(|field| (field.number, field.clone()))
            .collect(),
        locations: index.blocks.clone(),
    });
    let stored = Stored {
        number,
        file: Arc::new(file),
        length,
        blocks: Vec::new(),
        newest: Timestamp::from_nanos(i64::MIN),
        open,
    };
    Some((stored, index))
}

/// The index at the end of a file.
fn read_index(file: &dyn File, length: u64) -> Option<Index> {
    let end = length.checked_sub(FOOTER)?;
    let Is::Footer(footer) = entry_at(file, end, FOOTER)? else {
        return None;
    };
    match entry_at(file, footer.index, end.checked_sub(footer.index)?)? {
        Is::Index(index) => Some(index),
        _ => None,
    }
}

/// What an index would say, from the blocks themselves; and whether all of them are intact.
fn scan(file: &BlockFile, length: u64) -> std::io::Result<(Index, bool)> {
    let bytes = read_all(&*file.file, Some(length))?;
    let mut index = Index::default();
    let (mut at, mut intact) = (0, true);
    while at < bytes.len() {
        // Of a frame that is not intact, the length may be right all the same.
        let skipped = || {
            let length = u32::from_le_bytes(*bytes[at..].first_chunk()?);
            (length > 0).then(|| at + frame::HEAD + length as usize)
        };
        let (entry, next) = match entry(&bytes, at) {
            Some((entry, next)) => (entry.entry, next),
            None => {
                file.report(at as u64, NO_FRAME);
                intact = false;
                (None, skipped().unwrap_or(bytes.len()))
            }
        };
        match entry {
            Some(Is::Field(field)) => index.fields.push(field),
            Some(Is::Block(block)) => match location(block, at as u64, (next - at) as u32) {
                Ok(location) => index.blocks.push(location),
                Err(reason) => file.report(at as u64, reason.0),
            },
            _ => {}
        }
        at = next;
    }
    Ok((index, intact))
}

fn location(message: BlockMessage, offset: u64, length: u32) -> Result<Location, Malformed> {
    let (id_high, id_low, field) = (message.id_high, message.id_low, message.field);
    let samples = decode(message)?;
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
        return Err(Malformed("a block without samples"));
    };
    Ok(Location {
        id_high,
        id_low,
        field,
        first: first.time.as_nanos(),
        last: last.time.as_nanos(),
        offset,
        length,
        revision: last.revision,
    })
}

/// The intact entry in some bytes of a file.
fn entry_at(file: &dyn File, offset: u64, length: u64) -> Option<Is> {
    let mut bytes = vec![0; usize::try_from(length).ok()?];
    let read = file.read_at(offset, &mut bytes).ok()?;
    bytes.truncate(read);
    entry(&bytes.into(), 0)?.0.entry
}

fn read_all(file: &dyn File, length: Option<u64>) -> std::io::Result<Bytes> {
    let length = length.map_or_else(|| file.len(), Ok)?;
    let length = usize::try_from(length).map_err(std::io::Error::other)?;
    let mut bytes = vec![0; length];
    let read = file.read_at(0, &mut bytes)?;
    bytes.truncate(read);
    Ok(bytes.into())
}
