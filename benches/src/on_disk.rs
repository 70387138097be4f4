//! Durable commits, so many in flight, beside the least that a log has to do and beside redb.

use crate::rounds::Side;
use crate::row::Row;
use crate::work::{Can, Work};
use qlib::prelude::*;
use std::collections::VecDeque;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long one figure is measured.
const TIME: Duration = Duration::from_millis(700);

/// Bytes of a record of the raw log: what ours take.
const RECORD: usize = 64;

/// Bytes of the raw log's file; it begins again at its end.
const SEGMENT: u64 = 64 << 20;

/// Whose figure a row wants beside ours.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beside {
    Raw,
    Redb,
}

/// How many are in flight, and beside whom.
fn flight(row: &Row) -> Option<(usize, Beside)> {
    Some(match row.work {
        Work::Durable1 => (1, Beside::Raw),
        Work::Durable100 => (100, Beside::Raw),
        Work::Durable100Redb => (100, Beside::Redb),
        Work::Durable1000 => (1_000, Beside::Raw),
        Work::Durable1000Redb => (1_000, Beside::Redb),
        _ => return None,
    })
}

/// A folder on the disk that holds this program: others may be in memory.
pub(crate) fn folder() -> anyhow::Result<TempDir> {
    let program = std::env::current_exe()?;
    let folder = program.parent().unwrap_or(&program);
    Ok(tempfile::tempdir_in(folder)?)
}

/// Calls `step`, which does `count` things, until the time is over; things a second.
fn per_second(
    count: usize,
    mut step: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<Option<f64>> {
    step()?;
    let (start, mut done) = (Instant::now(), 0);
    while start.elapsed() < TIME {
        step()?;
        done += count;
    }
    Ok(Some(done as f64 / start.elapsed().as_secs_f64()))
}

/// A device of one value.
#[derive(Entity)]
struct Gauge {
    level: i64,
}

/// A store in a directory.
pub(crate) struct Ours;

impl Side for Ours {
    fn name(&self) -> String {
        crate::run::OURS.to_owned()
    }

    fn figure(&mut self, row: &Row) -> Can<f64> {
        let Some((flight, _)) = flight(row) else {
            return Ok(None);
        };
        let folder = folder()?;
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let store = Store::open(folder.path())?;
        let gauge = runtime.block_on(async {
            store.set_schema(Gauge::schema()).await?;
            let made = store
                .transaction(|tx| tx.create(EntityId::ROOT, "gauge", Gauge::builder().level(0)));
            made.await
        })?;
        let mut gauge = store.entity::<Gauge>(gauge)?;
        let mut waiting = VecDeque::new();
        let mut level = 0;
        let figure = per_second(flight, || {
            runtime.block_on(async {
                for _ in 0..flight {
                    if waiting.len() == flight
                        && let Some(oldest) = waiting.pop_front()
                    {
                        let committed: qlib::CommitFuture = oldest;
                        committed.await?;
                    }
                    level += 1;
                    waiting.push_back(gauge.set_level(level).commit());
                }
                anyhow::Ok(())
            })
        });
        runtime.block_on(async {
            for committed in waiting {
                committed.await?;
            }
            anyhow::Ok(())
        })?;
        store.close()?;
        figure
    }
}

/// The least that a log has to do: records with a checksum, one write and one sync for so many,
/// into a file that was filled with zeros.
pub(crate) struct Raw;

impl Side for Raw {
    fn name(&self) -> String {
        "raw checksummed log".to_owned()
    }

    fn figure(&mut self, row: &Row) -> Can<f64> {
        let Some((flight, Beside::Raw)) = flight(row) else {
            return Ok(None);
        };
        let folder = folder()?;
        let file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(folder.path().join("log"))?;
        file.write_all_at(&vec![0; SEGMENT as usize], 0)?;
        file.sync_all()?;
        let (mut batch, mut offset, mut number) = (Vec::new(), 0, 0_u64);
        per_second(flight, || {
            batch.clear();
            for _ in 0..flight {
                let mut record = [7; RECORD];
                number += 1;
                record[8..16].copy_from_slice(&number.to_le_bytes());
                let sum = crc32c::crc32c(&record[4..]);
                record[..4].copy_from_slice(&sum.to_le_bytes());
                batch.extend_from_slice(&record);
            }
            if offset + batch.len() as u64 > SEGMENT {
                offset = 0;
            }
            file.write_all_at(&batch, offset)?;
            offset += batch.len() as u64;
            Ok(file.sync_data()?)
        })
    }
}

/// redb, with so many writes in a transaction.
pub(crate) struct Redb;

impl Side for Redb {
    fn name(&self) -> String {
        "redb".to_owned()
    }

    fn figure(&mut self, row: &Row) -> Can<f64> {
        const TABLE: redb::TableDefinition<'_, u64, [u8; 48]> = redb::TableDefinition::new("gauge");
        let Some((flight, Beside::Redb)) = flight(row) else {
            return Ok(None);
        };
        let folder = folder()?;
        let database = redb::Database::create(folder.path().join("redb"))?;
        let mut number = 0_u64;
        per_second(flight, || {
            let writing = database.begin_write()?;
            {
                let mut table = writing.open_table(TABLE)?;
                for _ in 0..flight {
                    number += 1;
                    // Spread, as commits of many entities are.
                    table.insert(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40, [7; 48])?;
                }
            }
            Ok(writing.commit()?)
        })
    }
}
