//! One run: who is asked for which row, and what comes of it.

use crate::Options;
use crate::at_scale::AtScale;
use crate::building::{self, Building};
use crate::in_process::InProcess;
use crate::later::{self, Later};
use crate::limits::Machine;
use crate::on_disk;
use crate::ours::Ours;
use crate::recorded::{Figure, Record};
use crate::registry::Registry;
use crate::report::{self, Line, Peer};
use crate::rounds::{Side, alternate};
use crate::row::{Goal, ROWS, Row, Theme};
use anyhow::ensure;

/// What the report calls us.
pub(crate) const OURS: &str = "qlib";

/// The peer that is a dependency.
pub(crate) const REGISTRY: &str = "qlib-rs 0.1.1";

/// Everyone who can be asked.
struct Run {
    ours: Option<Box<dyn Side>>,
    peers: Vec<Box<dyn Side>>,
    at_scale: [AtScale; 2],
    building: Building,
    build: bool,
    record: Record,
}

/// Measures the rows that the options name and prints the report.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let only = options.only.as_deref().unwrap_or_default();
    let mut peers: Vec<Box<dyn Side>> = Vec::new();
    if let Some(checkout) = &options.later {
        peers.push(Box::new(Later::start(checkout, options.full)?));
    }
    peers.push(Box::new(InProcess::<Registry>::new(REGISTRY)));
    let mut run = Run {
        ours: Some(Box::new(InProcess::<Ours>::new(OURS))),
        peers,
        at_scale: AtScale::with_and_without(),
        building: Building::new(),
        build: options.full || only.starts_with("building"),
        record: Record::read()?,
    };
    if !options.json {
        println!("{}", report::heading());
    }
    let (mut lines, mut failed) = (Vec::new(), 0);
    for row in ROWS.iter().filter(|row| row.title.contains(only)) {
        let judged = run.row(row).unwrap_or_else(|error| {
            failed += 1;
            eprintln!("{}: {error:#}", row.title);
            Vec::new()
        });
        for line in judged {
            if !options.json {
                println!("{}", line.text());
            }
            lines.push(line);
        }
        // At once: what comes next may take minutes and be given up.
        if options.full {
            run.record.write()?;
        }
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&lines)?);
    } else {
        println!("{}", report::summary(&lines));
        if !run.build {
            println!("The building was not measured: --only building or --full does.");
        }
        if options.later.is_none() {
            println!("The later library was not measured: --later DIR does.");
        }
    }
    ensure!(failed == 0, "{failed} rows could not be measured");
    Ok(())
}

impl Run {
    fn row(&mut self, row: &Row) -> anyhow::Result<Vec<Line>> {
        match row.theme {
            Theme::InProcess => self.in_process(row),
            Theme::OnDisk => on_disk(row),
            Theme::AtScale => self.at_scale(row),
            Theme::Machine => self.machine(row),
            Theme::Building => self.build(row),
        }
    }

    /// Shows what the machine did when the record was made as well: whoever compares with a
    /// recorded figure can see how much the machine has changed.
    fn machine(&mut self, row: &Row) -> anyhow::Result<Vec<Line>> {
        let name = Machine.name();
        let figures = alternate(row, &mut [&mut Machine])?;
        let recorded = self.record.get(&name, row.work);
        let note = recorded.map(|then| {
            format!(
                "({} on {})",
                report::figure(then.figure, row.unit),
                then.date
            )
        });
        let figure = figures.into_iter().flatten().next();
        if let Some(figure) = figure {
            self.record.set(&name, row.work, figure);
        }
        let peer = figure.map(|figure| Peer { figure, name });
        Ok(vec![Line::judge(
            row,
            None,
            peer,
            &note.unwrap_or_default(),
        )])
    }

    fn at_scale(&mut self, row: &Row) -> anyhow::Result<Vec<Line>> {
        let [with, without] = &mut self.at_scale;
        let figures = alternate(row, &mut [with, without])?;
        let [ours, peer] = figures[..] else {
            return Ok(Vec::new());
        };
        let name = without.name();
        let peer = peer.map(|figure| Peer { figure, name });
        Ok(vec![Line::judge(row, ours, peer, "")])
    }

    fn in_process(&mut self, row: &Row) -> anyhow::Result<Vec<Line>> {
        let mut sides: Vec<&mut dyn Side> = Vec::new();
        let has_ours = self.ours.is_some();
        if let Some(ours) = &mut self.ours {
            sides.push(ours.as_mut());
        }
        for peer in &mut self.peers {
            sides.push(peer.as_mut());
        }
        let mut figures = alternate(row, &mut sides)?.into_iter();
        let ours = if has_ours {
            figures.next().flatten()
        } else {
            None
        };
        let mut peers: Vec<Peer> = Vec::new();
        for (peer, figure) in self.peers.iter().zip(figures) {
            if let Some(figure) = figure {
                peers.push(Peer {
                    figure,
                    name: peer.name(),
                });
            }
        }
        for peer in peers
            .iter()
            .filter(|peer| peer.name.starts_with(later::NAME))
        {
            self.record.set(&peer.name, row.work, peer.figure);
        }
        if !peers.iter().any(|peer| peer.name.starts_with(later::NAME)) {
            let recorded = self.record.who(later::NAME).into_iter().filter_map(|who| {
                let Figure { figure, date } = self.record.get(&who, row.work)?;
                Some(Peer {
                    figure: *figure,
                    name: format!("{who}, recorded {date}"),
                })
            });
            peers.splice(0..0, recorded.collect::<Vec<_>>());
        }
        // A goal of its own is judged once, whoever is shown beside it.
        if !matches!(row.goal, Goal::Ratio(_)) {
            peers.truncate(1);
        }
        if peers.is_empty() {
            return Ok(vec![Line::judge(row, ours, None, "")]);
        }
        Ok(peers
            .into_iter()
            .map(|peer| Line::judge(row, ours, Some(peer), ""))
            .collect())
    }

    fn build(&mut self, row: &Row) -> anyhow::Result<Vec<Line>> {
        if self.build {
            let figures = alternate(row, &mut [&mut self.building])?;
            let ours = figures.into_iter().flatten().next();
            if let Some(figure) = ours {
                self.record.set(building::NAME, row.work, figure);
            }
            return Ok(vec![Line::judge(row, ours, None, "")]);
        }
        let recorded = self.record.get(building::NAME, row.work);
        let line = Line::judge(row, recorded.map(|then| then.figure), None, "");
        Ok(vec![match recorded {
            Some(then) => line.dated(&then.date),
            None => line,
        }])
    }
}

fn on_disk(row: &Row) -> anyhow::Result<Vec<Line>> {
    let (mut raw, mut redb) = (on_disk::Raw, on_disk::Redb);
    let figures = alternate(row, &mut [&mut on_disk::Ours, &mut raw, &mut redb])?;
    let [ours, raw_figure, redb_figure] = figures[..] else {
        return Ok(Vec::new());
    };
    let peer = |figure: Option<f64>, name| figure.map(|figure| Peer { figure, name });
    let peer = peer(raw_figure, raw.name()).or_else(|| peer(redb_figure, redb.name()));
    Ok(vec![Line::judge(row, ours, peer, "")])
}
