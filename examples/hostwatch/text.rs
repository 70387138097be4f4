//! Lines of styled text, as wide as the screen.

use crossterm::style::Stylize;

/// How a piece of text looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Style {
    Plain,
    Dim,
    Bold,
    Good,
    Warn,
    Bad,
}

/// A piece of text.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Span {
    style: Style,
    text: String,
}

pub(crate) fn span(style: Style, text: String) -> Span {
    Span { style, text }
}

/// A line of the screen.
#[derive(Clone, Default, PartialEq, Debug)]
pub(crate) struct Line(Vec<Span>);

impl From<Vec<Span>> for Line {
    fn from(spans: Vec<Span>) -> Self {
        Self(spans)
    }
}

impl Line {
    /// The line for the terminal: cut, or filled up, to the width.
    pub(crate) fn render(&self, width: usize) -> String {
        let mut line = String::new();
        let mut left = width;
        for Span { style, text } in &self.0 {
            let text: String = text.chars().take(left).collect();
            left -= text.chars().count();
            line += &match style {
                Style::Plain => text,
                Style::Dim => text.dark_grey().to_string(),
                Style::Bold => text.bold().to_string(),
                Style::Good => text.green().to_string(),
                Style::Warn => text.yellow().to_string(),
                Style::Bad => text.red().to_string(),
            };
        }
        line + &" ".repeat(left)
    }
}

/// Puts sections below each other. Where there is not enough room, the longest ones are cut, and say
/// how much is missing.
pub(crate) fn fit(sections: Vec<Vec<Line>>, room: usize) -> Vec<Line> {
    let mut rows: Vec<usize> = sections.iter().map(Vec::len).collect();
    while rows.iter().sum::<usize>() > room {
        match rows.iter_mut().max() {
            Some(longest) if *longest > 0 => *longest -= 1,
            _ => break,
        }
    }
    let mut lines = Vec::new();
    for (mut section, rows) in sections.into_iter().zip(rows) {
        let more = section.len() - rows;
        section.truncate(rows);
        if more > 0
            && rows > 1
            && let Some(last) = section.last_mut()
        {
            *last = vec![span(Style::Dim, format!("    … {} more", more + 1))].into();
        }
        lines.append(&mut section);
    }
    lines
}

/// A bar for a percentage: what is full, and the rest.
pub(crate) fn bar(percent: f64) -> (String, String) {
    const WIDTH: usize = 16;
    let full = (percent / 100.0 * WIDTH as f64).round() as usize;
    let full = full.min(WIDTH);
    ("█".repeat(full), "░".repeat(WIDTH - full))
}

/// A curve of percentages; blank where there is none.
pub(crate) fn curve(percents: &[Option<f64>]) -> String {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let level = |percent: f64| LEVELS[(percent / 100.0 * 7.0).round().clamp(0.0, 7.0) as usize];
    percents
        .iter()
        .map(|percent| percent.map_or(' ', level))
        .collect()
}

/// `1536` as `1.5 KiB`.
pub(crate) fn bytes(count: i64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut shown = count as f64;
    let mut unit = "B";
    for larger in UNITS {
        if shown < 1000.0 {
            break;
        }
        shown /= 1024.0;
        unit = larger;
    }
    match unit {
        "B" => format!("{count} B"),
        _ => format!("{shown:.1} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        vec![span(Style::Plain, text.to_owned())].into()
    }

    #[test]
    fn a_line_is_as_wide_as_the_screen() {
        assert_eq!(line("änd").render(5), "änd  ");
        assert_eq!(line("änderung").render(5), "änder");
        assert_eq!(Line::default().render(2), "  ");
    }

    #[test]
    fn the_longest_section_gives_way() {
        let section = |count| vec![line("x"); count];
        assert_eq!(fit(vec![section(2), section(3)], 5).len(), 5);
        let cut = fit(vec![section(2), section(6)], 5);
        assert_eq!(cut.len(), 5);
        assert_eq!(cut[4].0[0].text, "    … 4 more");
        assert!(fit(vec![section(2), section(3)], 0).is_empty());
    }

    #[test]
    fn bytes_are_readable() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_000), "1.0 KiB");
        assert_eq!(bytes(1_536), "1.5 KiB");
        assert_eq!(bytes(5 << 40), "5.0 TiB");
        assert_eq!(bytes(i64::MAX), "8192.0 PiB");
    }

    #[test]
    fn a_curve_has_a_step_for_each_value() {
        assert_eq!(curve(&[None, Some(0.0), Some(50.0), Some(100.0)]), " ▁▅█");
    }

    #[test]
    fn bars_have_one_width() {
        for percent in [0.0, 12.0, 99.9, 100.0] {
            let (full, empty) = bar(percent);
            assert_eq!((full + &empty).chars().count(), 16);
        }
    }
}
