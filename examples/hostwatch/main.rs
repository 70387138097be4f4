//! The machine it runs on as live objects. README.md says what to look at.

mod alarms;
mod collector;
mod deadline;
mod health;
mod model;
mod record;
mod sampler;
mod screen;
mod terminal;
#[cfg(test)]
mod testing;
mod text;

use std::io::IsTerminal;

use deadline::{Deadline, duration};
use screen::Screen;

qlib::main!(
    "hostwatch",
    setup = |app| {
        let limit = app.option("for", "TIME", "End after this time, such as 30s or 5m")?;
        let limit = limit.map(|text| duration(&text)).transpose()?;
        app.worker_with(move || Deadline::new(limit));
        let plain = app.switch("plain", "Log changes instead of showing the tree");
        let show = !plain && std::io::stdout().is_terminal();
        if show {
            terminal::log_to_screen(app);
        }
        app.worker_with(move || Screen::new(show));
        Ok(())
    }
);
