//! Bars on a terminal, for what takes long.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use qlib::Progress;

/// How long something takes before there is a bar.
const PATIENCE: Duration = Duration::from_secs(1);

const KNOWN: &str = "{msg} {wide_bar} {bytes} of {total_bytes}, {eta} left";
const COMMITS: &str = "{msg} {wide_bar} {pos} of {len} commits, {eta} left";
const UNKNOWN: &str = "{msg} {spinner} {bytes}, {bytes_per_sec}";

/// Bytes that are read or written, of so many where that is known.
pub(crate) struct Bar {
    bar: ProgressBar,
    began: Instant,
}

impl Bar {
    pub(crate) fn new(what: &'static str, of: Option<u64>) -> Self {
        Self::styled(what, of, if of.is_some() { KNOWN } else { UNKNOWN })
    }

    fn styled(what: &'static str, of: Option<u64>, template: &str) -> Self {
        let style = ProgressStyle::with_template(template);
        let bar = ProgressBar::with_draw_target(of, ProgressDrawTarget::hidden());
        Self {
            bar: bar
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
                .with_message(what),
            began: Instant::now(),
        }
    }

    fn set(&self, position: u64) {
        if self.bar.is_hidden() && self.began.elapsed() > PATIENCE {
            // It stays hidden where standard error is no terminal.
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_position(position);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Tells of an opening.
pub(crate) fn opening() -> impl FnMut(Progress) + 'static {
    let bar = Bar::new("opening", Some(0));
    move |progress| {
        bar.bar.set_length(progress.of);
        bar.set(progress.read);
    }
}

/// Tells of a migration.
pub(crate) fn migrating() -> impl FnMut(usize, usize) {
    let bar = Bar::styled("migrating", Some(0), COMMITS);
    move |made, of| {
        bar.bar.set_length(of as u64);
        bar.set(made as u64);
    }
}

/// Tells of what passes through a reader or a writer.
pub(crate) struct Told<T> {
    pub(crate) inner: T,
    bar: Bar,
    passed: u64,
}

impl<T> Told<T> {
    pub(crate) fn new(inner: T, bar: Bar) -> Self {
        Self {
            inner,
            bar,
            passed: 0,
        }
    }

    fn pass(&mut self, bytes: usize) -> usize {
        self.passed += bytes as u64;
        self.bar.set(self.passed);
        bytes
    }
}

impl<T: Read> Read for Told<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.inner.read(buffer)?;
        Ok(self.pass(bytes))
    }
}

impl<T: Write> Write for Told<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let bytes = self.inner.write(bytes)?;
        Ok(self.pass(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
