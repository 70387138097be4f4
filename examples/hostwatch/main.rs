//! The machine it runs on as live objects. README.md says what to look at.

mod alarms;
mod collector;
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

use screen::Screen;

qlib::main!(
    "hostwatch",
    setup = |app| {
        if let Some(time) = app.time_option("for", "End after this time, such as 30s or 5m")? {
            app.end_after(time);
        }
        let plain = app.switch("plain", "Log changes instead of showing the tree");
        let show = !plain && std::io::stdout().is_terminal();
        if show {
            terminal::use_screen(app);
        }
        app.worker_with(move || Screen::new(show));
        Ok(())
    }
);
