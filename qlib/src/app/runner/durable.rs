//! What a durable handler is done with, and where its cursor stands in the store.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use crate::app::App;
use crate::app::define::Input;
use crate::app::runner::Attempt;
use crate::model::{Cursor, Error, Op, Position, Result, Revision};
use crate::store::{CursorInUse, move_cursor};

/// How long a handler that writes nothing goes on before its cursor moves, if it is not idle earlier.
const PATIENCE: Duration = Duration::from_millis(50);

/// How often idle handlers look how far they have read, and how many commits that are no concern of
/// theirs make their cursors move: the log is held from there on.
const LOOK: Duration = Duration::from_secs(60);
const FAR: Revision = 1000;

/// Where the cursor of a durable handler stands. The handler moves it when it was at work; the
/// application moves those of all idle ones at once: a commit of each would take the others far, too.
pub(crate) struct HandlerCursor {
    held: CursorInUse,
    /// Only the leader moves it.
    leader: bool,
    stored: Cell<Cursor>,
    /// Where the handler's reader stood when it was idle last.
    idle: Cell<Option<Position>>,
}

impl HandlerCursor {
    /// The step that says that all up to `done` is done.
    fn step(&self, done: Cursor) -> Op {
        let name = self.held.name.clone();
        move_cursor(name, Some(self.stored.get()), Some(done))
    }

    /// Where it is to move, if that is far.
    fn far(&self) -> Option<Cursor> {
        let (Some(idle), Cursor::Changes(stored)) = (self.idle.get(), self.stored.get()) else {
            return None;
        };
        (idle.revision() >= stored.revision() + FAR).then_some(Cursor::Changes(idle))
    }
}

/// The durable cursor of a handler.
pub(super) struct Durable {
    cursor: Rc<HandlerCursor>,
    /// What the handler is done with beyond what is stored, and since when.
    beyond: Option<(Cursor, Instant)>,
}

impl Durable {
    /// Takes the cursor up where it stands; makes it if it is new. `source` is what the handler's
    /// source says that is done.
    pub(super) fn open(
        app: &App,
        held: CursorInUse,
        source: Option<Cursor>,
        leader: bool,
    ) -> Result<Self> {
        let known = app.store().cursor(&held.name);
        let stored = match (known, source) {
            (Some(Cursor::Changes(_)), Some(Cursor::Changes(_)))
            | (Some(Cursor::Ticks(_)), Some(Cursor::Ticks(_))) => known,
            (None, Some(source)) => {
                let make = move_cursor(held.name.clone(), None, Some(source));
                app.own_store().submit_once(None, [make])?;
                Some(source)
            }
            _ => None,
        };
        let stored = stored.ok_or_else(|| Error::Refused {
            what: format!("the cursor {:?}", held.name).into(),
            reason: "one of a timer is none of changes; choose another name".into(),
        })?;
        let cursor = Rc::new(HandlerCursor {
            held,
            leader,
            stored: Cell::new(stored),
            idle: Cell::new(None),
        });
        app.inner.cursors.borrow_mut().push(Rc::clone(&cursor));
        Ok(Self {
            cursor,
            beyond: None,
        })
    }

    /// The step that says that all up to `done` is done.
    pub(super) fn step(&self, done: Cursor) -> Op {
        self.cursor.step(done)
    }

    /// The step was committed.
    pub(super) fn moved(&mut self, done: Cursor) {
        self.cursor.stored.set(done);
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

    /// The handler is idle, and its reader stands here.
    pub(super) fn rest(&self, place: Option<Cursor>) {
        if let Some(Cursor::Changes(read)) = place {
            self.cursor.idle.set(Some(read));
        }
    }
}

impl App {
    /// Moves the cursors of idle handlers from time to time, so that they do not hold the log.
    pub(crate) async fn move_idle_cursors(self) {
        loop {
            tokio::time::sleep(LOOK).await;
            // They look how far they have read.
            self.wake_handlers();
            tokio::time::sleep(PATIENCE).await;
            self.move_far_cursors();
        }
    }

    /// Moves the cursors of idle handlers that have read far beyond them, in one commit.
    pub(crate) fn move_far_cursors(&self) {
        let leadership = self.leadership();
        let cursors = self.inner.cursors.borrow();
        // Without the leadership it is for the next leader to do.
        let ours = |cursor: &&Rc<HandlerCursor>| leadership.is_some() || !cursor.leader;
        let far = cursors.iter().filter(ours);
        let far: Vec<_> = far
            .filter_map(|cursor| Some((cursor, cursor.far()?)))
            .collect();
        if far.is_empty() {
            return;
        }
        let own = self.own_store();
        let store = leadership.map_or(own.clone(), |leadership| leadership.fenced(&own));
        let steps = far.iter().map(|(cursor, done)| cursor.step(*done));
        match store.submit_once(None, steps) {
            Ok(_) => far
                .iter()
                .for_each(|(cursor, done)| cursor.stored.set(*done)),
            Err(error) => {
                tracing::error!(%error, "the durable cursors of idle handlers do not move: they hold the log");
            }
        }
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
