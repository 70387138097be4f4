//! The terminal: taken, drawn on without flicker, and given back.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, DisableLineWrap, EnableLineWrap,
    EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
};
use crossterm::{cursor, event, execute, queue, style, terminal};
use qlib::{AppBuilder, MainThread};

/// Log lines that are kept.
const KEPT: usize = 100;

/// The newest log lines, while the screen belongs to the tree.
static LOG: Mutex<VecDeque<String>> = Mutex::new(VecDeque::new());

/// What is logged goes to the screen from now on, panics too; the screen is given back however the
/// application ends.
pub(crate) fn use_screen(app: &mut AppBuilder) {
    app.log_to(|| LogLine).on_abort(give_back);
    std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
}

/// The newest log lines, oldest first.
pub(crate) fn log_lines(count: usize) -> Vec<String> {
    let log = log();
    let skip = log.len().saturating_sub(count);
    log.iter().skip(skip).cloned().collect()
}

fn log() -> MutexGuard<'static, VecDeque<String>> {
    LOG.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps each write as a line.
struct LogLine;

impl Write for LogLine {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut log = log();
        for text in String::from_utf8_lossy(line).lines() {
            if log.len() == KEPT {
                log.pop_front();
            }
            log.push_back(short(text));
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `2026-01-01T10:11:58.352970Z  INFO qlib::app: leading` as `10:11:58  INFO leading`.
fn short(line: &str) -> String {
    let split = || {
        let (time, rest) = line.split_once(' ')?;
        let (_, clock) = time.split_once('T')?;
        let (level, rest) = rest.trim_start().split_once(' ')?;
        let (_, message) = rest.split_once(": ")?;
        Some(format!("{} {level:>5} {message}", clock.get(..8)?))
    };
    split().unwrap_or_else(|| line.to_owned())
}

/// The terminal, as long as it is ours: dropping gives it back.
pub(crate) struct Terminal {
    size: (u16, u16),
    shown: Vec<String>,
}

impl Terminal {
    /// Takes the terminal: an alternate screen without a cursor, keys one by one.
    pub(crate) fn take(main_thread: MainThread) -> io::Result<Self> {
        terminal::enable_raw_mode()?;
        let taken = Self {
            size: (0, 0),
            shown: Vec::new(),
        };
        let mut out = io::stdout();
        execute!(out, EnterAlternateScreen, DisableLineWrap, cursor::Hide)?;
        std::thread::Builder::new()
            .name("keys".to_owned())
            .spawn(move || watch_keys(&main_thread))?;
        Ok(taken)
    }

    /// How many columns and rows there are now.
    pub(crate) fn size(&self) -> io::Result<(usize, usize)> {
        let (width, height) = terminal::size()?;
        Ok((width.into(), height.into()))
    }

    /// Shows these lines, each as wide as the screen. Writes only those that differ, in one go.
    pub(crate) fn show(&mut self, lines: Vec<String>) -> io::Result<()> {
        let mut out = Vec::new();
        queue!(out, BeginSynchronizedUpdate)?;
        let size = terminal::size()?;
        if size != self.size {
            self.size = size;
            self.shown.clear();
            queue!(out, Clear(ClearType::All))?;
        }
        for (row, line) in (0u16..).zip(&lines) {
            if self.shown.get(usize::from(row)) != Some(line) {
                queue!(out, cursor::MoveTo(0, row), style::Print(line))?;
            }
        }
        queue!(out, EndSynchronizedUpdate)?;
        self.shown = lines;
        let mut stdout = io::stdout().lock();
        stdout.write_all(&out)?;
        stdout.flush()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

fn give_back() {
    // Nothing is left to do where even this fails.
    let mut out = io::stdout();
    let _ = execute!(out, cursor::Show, EnableLineWrap, LeaveAlternateScreen);
    let _ = terminal::disable_raw_mode();
}

/// Ends the application on q, Esc and Ctrl-C, which is no signal but a key while keys come one by one;
/// a second Ctrl-C ends it at once.
fn watch_keys(main_thread: &MainThread) {
    let mut ending = false;
    while let Ok(event) = event::read() {
        let Event::Key(KeyEvent {
            code,
            modifiers,
            kind: KeyEventKind::Press,
            ..
        }) = event
        else {
            continue;
        };
        let interrupt = code == KeyCode::Char('c') && modifiers.contains(KeyModifiers::CONTROL);
        if interrupt && ending {
            give_back();
            std::process::exit(130);
        }
        if interrupt || matches!(code, KeyCode::Char('q') | KeyCode::Esc) {
            ending = true;
            // An error says that the application has ended already.
            let _ = main_thread.run(|cx| cx.shutdown());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_line_is_shortened() {
        let line = "2026-01-01T10:11:58.352970Z  INFO qlib::app: leading token=1";
        assert_eq!(short(line), "10:11:58  INFO leading token=1");
        assert_eq!(short("something else"), "something else");
    }
}
