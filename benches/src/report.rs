//! The report: lines for people, an array for programs.

use crate::row::{Goal, Row, Unit};
use serde::Serialize;

/// How much of a target may lack: so much do two runs of the same thing differ.
const TOLERANCE: f64 = 0.05;

/// One comparison.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    work: String,
    ours: Option<f64>,
    peer: Option<f64>,
    peer_name: Option<String>,
    unit: &'static str,
    ratio: Option<f64>,
    target: Option<f64>,
    met: Option<bool>,
    #[serde(skip)]
    text: String,
}

/// The figure of a peer and what to call it.
pub(crate) struct Peer {
    /// The figure.
    pub(crate) figure: f64,
    /// Who, and when if not in this run.
    pub(crate) name: String,
}

impl Line {
    /// Judges ours by the goal of the row.
    pub(crate) fn judge(row: &Row, ours: Option<f64>, peer: Option<Peer>, note: &str) -> Self {
        let (target, other) = match row.goal {
            Goal::Ratio(times) => (Some(times), peer.as_ref().map(|peer| peer.figure)),
            Goal::Figure(figure) => (Some(1.0), Some(figure)),
            Goal::Shown => (None, None),
        };
        let ratio = ours
            .zip(other)
            .map(|(ours, other)| row.unit.ratio(ours, other));
        let met = ratio
            .zip(target)
            .map(|(ratio, target)| ratio >= target * (1.0 - TOLERANCE));
        let cell = |value: Option<f64>| {
            value.map_or_else(|| "-".to_owned(), |value| figure(value, row.unit))
        };
        let text = format!(
            "{:<37}{:>12}{:>12}  {:<40}{:>12}{:>9}  {}{note}",
            row.title,
            cell(ours),
            cell(peer.as_ref().map(|peer| peer.figure)),
            peer.as_ref().map_or("", |peer| peer.name.as_str()),
            row.goal_text(),
            ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}")),
            match met {
                Some(true) => "met",
                Some(false) => "MISSED",
                None => "",
            },
        );
        Self {
            work: row.title.to_owned(),
            ours,
            peer: peer.as_ref().map(|peer| peer.figure),
            peer_name: peer.map(|peer| peer.name),
            unit: row.unit.symbol(),
            ratio,
            target,
            met,
            text,
        }
    }

    /// Says that even ours was not measured in this run.
    pub(crate) fn dated(mut self, date: &str) -> Self {
        let note = format!(" (recorded {date})");
        self.work.push_str(&note);
        self.text.push_str(&note);
        self
    }

    /// The line for people.
    pub(crate) fn text(&self) -> &str {
        self.text.trim_end()
    }
}

/// What stands over the lines.
pub(crate) fn heading() -> String {
    format!(
        "{:<37}{:>12}{:>12}  {:<40}{:>12}{:>9}",
        "work", "ours", "peer", "who", "must reach", "ratio"
    )
}

/// What stands under them.
pub(crate) fn summary(lines: &[Line]) -> String {
    let count = |met| lines.iter().filter(|line| line.met == met).count();
    format!(
        "{} met, {} missed, {} with nothing to judge",
        count(Some(true)),
        count(Some(false)),
        count(None)
    )
}

/// A figure with three digits and its unit.
pub(crate) fn figure(value: f64, unit: Unit) -> String {
    let (value, prefix) = match value {
        _ if unit != Unit::PerSecond => (value, ""),
        value if value >= 1e6 => (value / 1e6, "M"),
        value if value >= 1e3 => (value / 1e3, "k"),
        value => (value, ""),
    };
    let decimals = match value {
        value if value.fract() == 0.0 || value >= 100.0 => 0,
        value if value >= 10.0 => 1,
        value if value >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.decimals$} {prefix}{}", unit.symbol())
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::ROWS;
    use crate::work::Work;

    fn judge(work: Work, ours: f64, peer: Option<f64>) -> Line {
        let row = ROWS.iter().find(|row| row.work == work).unwrap();
        let peer = peer.map(|figure| Peer {
            figure,
            name: "peer".to_owned(),
        });
        Line::judge(row, Some(ours), peer, "")
    }

    #[test]
    fn a_ratio_is_judged_with_five_percent() {
        assert_eq!(judge(Work::ReadInt, 2.86, Some(1.0)).met, Some(true));
        assert_eq!(judge(Work::ReadInt, 2.84, Some(1.0)).met, Some(false));
        assert_eq!(judge(Work::ReadInt, 3.0, None).met, None);
    }

    #[test]
    fn less_time_is_a_higher_ratio() {
        let line = judge(Work::Delete, 2.5, Some(4_000.0));
        assert_eq!(
            (line.ratio, line.target, line.met),
            (Some(2.0), Some(1.0), Some(true))
        );
        assert_eq!(judge(Work::Delete, 10.0, None).ratio, Some(0.5));
    }

    #[test]
    fn none_of_what_must_be_none_is_met() {
        assert_eq!(judge(Work::HelloC, 0.0, None).met, Some(true));
        assert_eq!(judge(Work::HelloC, 1.0, None).met, Some(false));
    }

    #[test]
    fn figures_have_three_digits() {
        let texts = [
            figure(31_700_000.0, Unit::PerSecond),
            figure(464.0, Unit::PerSecond),
            figure(0.47, Unit::Micros),
            figure(4.25, Unit::Millis),
            figure(105.0, Unit::Count),
        ];
        assert_eq!(texts, ["31.7 M/s", "464 /s", "0.470 µs", "4.25 ms", "105"]);
    }

    #[test]
    fn a_line_has_the_eight_keys() {
        let value = serde_json::to_value(judge(Work::ReadInt, 3.0, Some(1.0))).unwrap();
        let mut keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        let expected = [
            "met",
            "ours",
            "peer",
            "peer_name",
            "ratio",
            "target",
            "unit",
            "work",
        ];
        assert_eq!(keys, expected);
    }
}
