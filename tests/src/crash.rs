//! A process that commits is killed, again and again; another one looks at what is left.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use qlib::prelude::*;

use crate::once;

/// Rounds after which a new directory begins, so that opening stays short.
const ROUNDS: u64 = 25;

/// What the process that is killed counts. Both fields are written in one commit.
#[derive(Entity)]
struct Tally {
    left: i64,
    right: i64,
}

/// One is made for every tenth count, in the commit of that count.
#[derive(Entity)]
struct Mark {}

/// What a process says that does not write yet.
pub(crate) const STANDS_BY: &str = "stands by";

/// What a process does until it is killed.
#[derive(Clone, Copy, Debug)]
pub enum Deed {
    /// It commits.
    Commits,
    /// It commits, and a durable handler counts what it commits.
    Once,
}

impl Deed {
    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Commits, Self::Once]
            .into_iter()
            .find(|deed| deed.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Commits => "commits",
            Self::Once => "once",
        }
    }

    /// Does it in this directory, and says each count that was acknowledged. Where another process
    /// does that already, it stands by until that one ends.
    ///
    /// # Errors
    /// What the store or the standard output refuses.
    pub fn run(self, directory: &Path) -> Result<()> {
        let store = Store::options().standby().open(directory)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.map_err(Error::other)?;
        tokio::task::LocalSet::new().block_on(&runtime, async {
            if store.health().writer.is_some() {
                say(STANDS_BY)?;
                store.writer().await?;
            }
            match self {
                Self::Commits => commit_for_ever(&store).await,
                Self::Once => once::count_for_ever(store).await,
            }
        })
    }

    /// Opens what is left and says up to which count it goes.
    pub(crate) fn look(
        self,
        directory: &Path,
        acknowledged: i64,
        report: &mut Report,
    ) -> Result<i64> {
        let store = Store::open(directory)?;
        let found = match self {
            Self::Commits => look(&store, acknowledged, report),
            Self::Once => once::look(&store, acknowledged, report),
        };
        report.cuts += u64::from(store.health().cut.is_some());
        store.close()?;
        found
    }
}

async fn commit_for_ever(store: &Store) -> Result<()> {
    let (tally, mut count) = begin(store).await?;
    let mut waiting = VecDeque::new();
    say(count)?;
    loop {
        count += 1;
        let committed = store.transaction(|tx| {
            tx.set(tally, Tally::FIELDS.Left, count)?;
            tx.set(tally, Tally::FIELDS.Right, count)?;
            if count % 10 == 0 {
                tx.create(tally, format!("mark {count}"), Mark::builder())?;
            }
            Ok(count)
        });
        waiting.push_back(committed);
        while waiting.len() > count as usize % 8
            && let Some(oldest) = waiting.pop_front()
        {
            say(oldest.await?)?;
        }
    }
}

async fn begin(store: &Store) -> Result<(EntityId, i64)> {
    if let Ok(tally) = store.find("/tally") {
        return Ok((tally, store.read(tally, Tally::FIELDS.Left)?));
    }
    let made = store.transaction(|tx| {
        tx.set_schema(Tally::schema());
        tx.set_schema(Mark::schema());
        tx.create(EntityId::ROOT, "tally", Tally::builder().left(0).right(0))
    });
    Ok((made.await?.id(), 0))
}

pub(crate) fn say(what: impl fmt::Display) -> Result<()> {
    writeln!(io::stdout(), "{what}").map_err(Error::other)
}

/// What a campaign did and found.
#[derive(Debug, Default)]
pub struct Report {
    /// By which the kills were chosen.
    pub seed: u64,
    /// Processes that were killed while they committed.
    pub kills: u64,
    /// Counts that were acknowledged.
    pub acknowledged: u64,
    /// Counts that were found although nobody had said that they were there.
    pub more: u64,
    /// Openings that cut something off.
    pub cuts: u64,
    /// The most changes of one store that a durable handler counted.
    pub handled: u64,
    /// What must not be.
    pub violations: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "injected: {} kills while commits were under way",
            self.kills
        )?;
        writeln!(
            f,
            "checked: {} acknowledged counts are there, each commit is whole; {} more were there, {} tails were cut",
            self.acknowledged, self.more, self.cuts
        )?;
        writeln!(
            f,
            "a durable handler counted up to {} changes of a store, each once",
            self.handled
        )?;
        writeln!(f, "violations: {}", self.violations.len())?;
        for violation in &self.violations {
            writeln!(f, "  {violation}")?;
        }
        write!(f, "seed: {}", self.seed)
    }
}

impl Report {
    /// Whether faults were injected and nothing was violated.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.kills > 0 && self.acknowledged > 0 && self.handled > 0 && self.violations.is_empty()
    }
}

/// Kills `program DEED DIRECTORY`, which runs [`Deed::run`], for so many rounds or so long; each
/// directory has its deed, in turn.
///
/// # Errors
/// What the operating system refuses, or the store.
pub fn campaign(
    program: &Path,
    rounds: u64,
    time: Duration,
    seed: u64,
) -> Result<Report, Box<dyn std::error::Error>> {
    let mut report = Report {
        seed,
        ..Report::default()
    };
    let (start, mut random) = (Instant::now(), seed);
    let mut folder = tempfile::tempdir()?;
    let mut before = 0;
    let mut deeds = [Deed::Commits, Deed::Once].into_iter().cycle();
    let mut deed = Deed::Commits;
    for round in 0..rounds {
        if start.elapsed() > time {
            break;
        }
        if round % ROUNDS == 0 {
            folder = tempfile::tempdir()?;
            before = 0;
            deed = deeds.next().unwrap_or(deed);
        }
        // SplitMix64's step spreads any seed.
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let acknowledged = kill(program, deed, folder.path(), 1 + (random >> 33) % 200)?;
        report.kills += 1;
        before = before.max(acknowledged);
        let found = deed.look(folder.path(), before, &mut report)?;
        report.acknowledged += acknowledged.unsigned_abs();
        report.more += (found - before).max(0).unsigned_abs();
        before = found;
    }
    Ok(report)
}

/// A process that does a deed. It is killed when a campaign ends early, too.
pub(crate) struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    pub(crate) fn start(program: &Path, deed: Deed, directory: &Path) -> io::Result<Self> {
        let mut child = Command::new(program)
            .arg(deed.name())
            .arg(directory)
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let lines = BufReader::new(stdout).lines();
        Ok(Self { child, lines })
    }

    /// What it says next.
    pub(crate) fn next(&mut self) -> io::Result<String> {
        let ended = || io::Error::other("the process ended before it was killed");
        self.lines.next().ok_or_else(ended)?
    }

    /// Kills it; the last count that it said and that was not read.
    pub(crate) fn kill(mut self) -> io::Result<Option<i64>> {
        self.child.kill()?;
        let mut last = None;
        // What it said before it was killed counts too.
        for line in self.lines.by_ref() {
            last = line?.parse().ok().or(last);
        }
        self.child.wait()?;
        Ok(last)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Kills the program once it has said so many counts; the last one that it said.
fn kill(program: &Path, deed: Deed, directory: &Path, after: u64) -> io::Result<i64> {
    let mut running = Running::start(program, deed, directory)?;
    let mut last = None;
    for _ in 0..after {
        last = running.next()?.parse().ok();
    }
    let last = running.kill()?.or(last);
    last.ok_or_else(|| io::Error::other("the process said no count"))
}

fn look(store: &Store, acknowledged: i64, report: &mut Report) -> Result<i64> {
    let tally: Tally = store.get(store.find("/tally")?)?;
    let marks = store.select::<Mark>().count()? as i64;
    let mut violation = |text: String| report.violations.push(text);
    if tally.left != tally.right {
        violation(format!("left is {}, right is {}", tally.left, tally.right));
    }
    if tally.left < acknowledged {
        violation(format!(
            "{acknowledged} was acknowledged, {} is there",
            tally.left
        ));
    }
    if marks != tally.left / 10 {
        violation(format!("{marks} marks at count {}", tally.left));
    }
    Ok(tally.left)
}
