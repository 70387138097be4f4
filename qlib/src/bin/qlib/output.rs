//! What a command prints: text and tables for people, JSON for programs.

use std::io::{self, Write};

use serde_json::Value as Json;

/// Where a command prints, and for whom.
pub(crate) struct Output<W> {
    to: W,
    /// For programs.
    pub(crate) json: bool,
}

impl<W: Write> Output<W> {
    pub(crate) fn new(to: W, json: bool) -> Self {
        Self { to, json }
    }

    /// A line of text.
    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.to, "{text}")
    }

    /// A JSON value on a line of its own.
    pub(crate) fn json(&mut self, value: &Json) -> io::Result<()> {
        writeln!(self.to, "{value}")
    }

    /// Rows below a header, aligned.
    pub(crate) fn table<const N: usize>(
        &mut self,
        header: [&str; N],
        rows: Vec<[String; N]>,
    ) -> io::Result<()> {
        let rows: Vec<_> = std::iter::once(header.map(str::to_owned))
            .chain(rows.into_iter().map(|row| row.map(|cell| printable(&cell))))
            .collect();
        let length = |cell: &String| cell.chars().count();
        let widths: [usize; N] = std::array::from_fn(|column| {
            rows.iter()
                .map(|row| length(&row[column]))
                .max()
                .unwrap_or(0)
        });
        for row in rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(widths) {
                line += cell;
                line.extend(std::iter::repeat_n(' ', width + 2 - length(cell)));
            }
            self.line(line.trim_end())?;
        }
        Ok(())
    }
}

/// Bytes as they are.
impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// A text on one line, and without what would steer a terminal.
pub(crate) fn printable(text: &str) -> String {
    let escaped = |c: char| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    text.chars().map(escaped).collect()
}
