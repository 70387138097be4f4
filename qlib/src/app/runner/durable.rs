//! What a durable handler is done with, and where its cursor stands in the store.

use std::time::Duration;

use smol_str::SmolStr;
use tokio::time::Instant;

use crate::app::App;
use crate::app::define::Input;
use crate::app::runner::Attempt;
use crate::model::{Cursor, Error, Op, Result, Revision};
use crate::store::move_cursor;

/// How long a handler that writes nothing goes on before its cursor moves, if it is not idle earlier.
const PATIENCE: Duration = Duration::from_millis(50);

/// How often an idle handler looks how far it has read, and how many commits that are no concern of
/// its make it move its cursor: the log is held from there on.
const LOOK: Duration = Duration::from_secs(60);
const FAR: Revision = 1000;

/// The durable cursor of a handler.
pub(super) struct Durable {
    name: SmolStr,
    /// Where it stands in the store.
    stored: Cursor,
    /// What the handler is done with beyond that, and since when.
    beyond: Option<(Cursor, Instant)>,
    look: Instant,
}

impl Durable {
    /// Takes the cursor up where it stands; makes it if it is new. `source` is what the handler's
    /// source says that is done.
    pub(super) fn open(app: &App, name: &str, source: Option<Cursor>) -> Result<Self> {
        let known = app.store().cursor(name);
        let stored = match (known, source) {
            (Some(Cursor::Changes(_)), Some(Cursor::Changes(_)))
            | (Some(Cursor::Ticks(_)), Some(Cursor::Ticks(_))) => known,
            (None, Some(source)) => {
                let make = move_cursor(name.into(), None, Some(source));
                app.own_store().submit_once(None, [make])?;
                Some(source)
            }
            _ => None,
        };
        let stored = stored.ok_or_else(|| Error::Refused {
            what: format!("the cursor {name:?}").into(),
            reason: "one of a timer is none of changes; choose another name".into(),
        })?;
        Ok(Self {
            name: name.into(),
            stored,
            beyond: None,
            look: Instant::now() + LOOK,
        })
    }

    /// The step that says that all up to `done` is done.
    pub(super) fn step(&self, done: Cursor) -> Op {
        move_cursor(self.name.clone(), Some(self.stored), Some(done))
    }

    /// The step was committed.
    pub(super) fn moved(&mut self, done: Cursor) {
        self.stored = done;
        self.beyond = None;
    }

    /// The handler is done with all up to there, and the store need not know at once.
    pub(super) fn note(&mut self, done: Cursor) {
        let since = self.beyond.map_or_else(Instant::now, |(_, since)| since);
        self.beyond = Some((done, since));
    }

    /// What the store is to know now.
    pub(super) fn due(&self, idle: bool) -> Option<Cursor> {
        let (done, since) = self.beyond?;
        (idle || since.elapsed() >= PATIENCE).then_some(done)
    }

    /// The reader of the handler, which is idle, stands here.
    pub(super) fn read(&mut self, place: Option<Cursor>) {
        if let (Some(Cursor::Changes(read)), Cursor::Changes(stored)) = (place, self.stored)
            && read.revision() >= stored.revision() + FAR
        {
            self.beyond = place.map(|place| (place, Instant::now()));
        }
    }

    /// When to look next how far the reader has come.
    pub(super) fn look(&self) -> Instant {
        self.look
    }

    /// Whether to look now.
    pub(super) fn looks(&mut self) -> bool {
        let now = Instant::now();
        let looks = self.look <= now;
        if looks {
            self.look = now + LOOK;
        }
        looks
    }
}

impl Attempt {
    /// What is done once this input is.
    pub(super) fn done(&self) -> Option<Cursor> {
        match &self.input {
            _ if self.dead_letter.is_some() => None,
            Input::Delivery(delivery) => delivery.done(),
            Input::Tick(tick) => tick.map(Cursor::Ticks),
            _ => None,
        }
    }
}
