//! A handler's inputs: its own reader, the lanes of entities that failed, and what it is handed.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use smol_str::{SmolStr, format_smolstr};

use crate::app::App;
use crate::app::define::{HandlerDefinition, Input, SourceOf, Worker};
use crate::app::runner::durable::Durable;
use crate::app::runner::lane::{Attempt, Lane};
use crate::app::source::{Changes, Source};
use crate::model::{EntityId, Error, Result};
use crate::store::{CursorReader, Lagged, Subscribe};

/// Inputs that come from elsewhere than the handler's source: told by other handlers, or tried again
/// by an operator.
pub(crate) type Extra = Rc<RefCell<VecDeque<Attempt>>>;

/// The task of a worker, to be woken.
pub(super) type Task = Arc<Mutex<Option<Waker>>>;

/// Says that a handler's source may have something, and wakes the worker.
#[derive(Debug)]
struct Flag {
    ready: AtomicBool,
    task: Task,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ready.store(true, Ordering::Release);
        if let Some(task) = &*self.task.lock() {
            task.wake_by_ref();
        }
    }
}

pub(super) struct Handler<W> {
    pub(super) definition: HandlerDefinition<W>,
    /// `Worker::method`.
    pub(super) name: SmolStr,
    pub(super) source: Source,
    flag: Arc<Flag>,
    waker: Waker,
    /// The next input of the handler's own reader.
    pub(super) pending: Option<Attempt>,
    pub(super) extra: Extra,
    pub(super) durable: Option<Durable>,
    pub(super) lanes: FxHashMap<EntityId, Lane>,
    /// Dead letters that are tried again; they hold nothing up.
    pub(super) letters: Vec<Attempt>,
}

/// Where an input of a handler waits.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// In the order of the handler's own reader.
    Own,
    /// In the lane of an entity.
    Lane(EntityId),
    /// Among the dead letters that are tried again.
    Letter(usize),
}

impl<W: Worker> Handler<W> {
    /// Opens the handler's source.
    pub(super) fn open(
        app: &App,
        definition: HandlerDefinition<W>,
        leader: bool,
        task: &Task,
    ) -> Result<Self> {
        let name = if definition.name == W::NAME {
            W::NAME.into()
        } else {
            format_smolstr!("{}::{}", W::NAME, definition.name)
        };
        let (source, durable) =
            open_source(app, &definition, &name, leader).map_err(|error| Error::Boot {
                reason: format!("handler {name}: {error}").into(),
            })?;
        let flag = Arc::new(Flag {
            ready: AtomicBool::new(true),
            task: Arc::clone(task),
        });
        let waker = Waker::from(Arc::clone(&flag));
        let extra = Extra::default();
        app.register_handler(&name, &extra, &waker);
        Ok(Self {
            definition,
            name,
            source,
            flag,
            waker,
            pending: None,
            extra,
            durable,
            lanes: FxHashMap::default(),
            letters: Vec::new(),
        })
    }

    /// All inputs that wait.
    pub(super) fn waiting(&self) -> impl Iterator<Item = (Place, &Attempt)> {
        let own = self.pending.iter().map(|attempt| (Place::Own, attempt));
        let lanes = self
            .lanes
            .iter()
            .filter_map(|(id, lane)| Some((Place::Lane(*id), lane.pending.as_ref()?)));
        let letters = self.letters.iter().enumerate();
        let letters = letters.map(|(at, attempt)| (Place::Letter(at), attempt));
        own.chain(lanes).chain(letters)
    }

    pub(super) fn take(&mut self, place: Place) -> Option<Attempt> {
        match place {
            Place::Own => self.pending.take(),
            Place::Lane(id) => self.lanes.get_mut(&id)?.pending.take(),
            Place::Letter(at) => (at < self.letters.len()).then(|| self.letters.remove(at)),
        }
    }

    /// Looks whether there is something to handle. Gives the changes that were lost on the way.
    pub(super) fn fill(&mut self) -> Option<Lagged> {
        let mut lagged = self.fill_lanes();
        while let Some(extra) = self.extra.borrow_mut().pop_front() {
            if extra.dead_letter.is_some() {
                self.letters.push(extra);
            } else if self.pending.is_none() {
                self.pending = Some(extra);
            } else {
                self.extra.borrow_mut().push_front(extra);
                break;
            }
        }
        while self.pending.is_none() && self.flag.ready.swap(false, Ordering::AcqRel) {
            let mut context = Context::from_waker(&self.waker);
            let Poll::Ready(input) = self.source.poll(&mut context) else {
                break;
            };
            self.flag.ready.store(true, Ordering::Release);
            match input {
                Input::Lagged(lost) => {
                    lagged = Some(lost);
                    if let (Some(durable), Some(done)) = (&mut self.durable, self.source.done()) {
                        durable.note(done);
                    }
                }
                // The changes that it is made of follow; `#[on_resync]` has a source of its own.
                Input::Resync(_) if matches!(self.source, Source::Subscription(_)) => {}
                input => self.accept(input),
            }
        }
        lagged
    }

    /// Takes an input of the handler's own reader, unless a lane handles it.
    fn accept(&mut self, input: Input) {
        let attempt = Attempt::new(input);
        if let Some(id) = attempt.entity()
            && let Some(lane) = self.lanes.get(&id)
        {
            let lane_has_it = lane
                .read_to
                .is_none_or(|read_to| attempt.revision() <= read_to);
            if lane_has_it {
                return;
            }
            // The lane has handled all that came before: the handler's own reader goes on.
            self.lanes.remove(&id);
        }
        self.pending = Some(attempt);
    }

    /// Gives an entity that failed a lane of its own: a reader that goes on behind the change.
    pub(super) fn open_lane(&mut self, app: &App, id: EntityId, attempt: Attempt) {
        match self.read_on(app, id, &attempt) {
            Ok(changes) => {
                let lane = Lane {
                    changes,
                    pending: Some(attempt),
                    read_to: None,
                };
                self.lanes.insert(id, lane);
            }
            Err(error) => {
                tracing::error!(handler = %self.name, %error, "the failing entity holds up all others");
                self.pending = Some(attempt);
            }
        }
    }

    fn read_on(&mut self, app: &App, id: EntityId, attempt: &Attempt) -> Result<Changes> {
        let (SourceOf::Subscription(subscribe), Source::Subscription(own)) =
            (&self.definition.source, &mut self.source)
        else {
            return Err(Error::other("only changes have an entity"));
        };
        let position = attempt.position();
        let position = position.unwrap_or_else(|| own.subscription.position());
        let described = describe(&self.definition, &self.name)(subscribe(app.store()));
        let mut changes = Changes::new(described.of_entity_from(id, position).start()?);
        own.subscription
            .hand_over_shape(&mut changes.subscription, id);
        Ok(changes)
    }

    /// Looks for further changes of entities that failed, and closes lanes that have caught up.
    fn fill_lanes(&mut self) -> Option<Lagged> {
        let Source::Subscription(own) = &mut self.source else {
            return None;
        };
        let mut lagged = None;
        self.lanes.retain(|id, lane| {
            while lane.pending.is_none() {
                let polled = lane.changes.poll(&mut Context::from_waker(&self.waker));
                let of_lane = &lane.changes.subscription;
                let has_more = of_lane.is_waiting() || of_lane.due().is_some();
                match polled {
                    Poll::Ready(Input::Lagged(lost)) => lagged = Some(lost),
                    Poll::Ready(input @ Input::Delivery(_)) => {
                        lane.pending = Some(Attempt::new(input));
                    }
                    // Of a replaced tree the changes follow.
                    Poll::Ready(_) => {}
                    Poll::Pending if has_more => {
                        lane.read_to = None;
                        return true;
                    }
                    Poll::Pending => {
                        let read_to = lane.changes.subscription.position().revision();
                        lane.read_to = Some(read_to);
                        let caught_up = own.subscription.position().revision() >= read_to;
                        if caught_up {
                            let of_lane = &mut lane.changes.subscription;
                            of_lane.hand_over_shape(&mut own.subscription, *id);
                        }
                        return !caught_up;
                    }
                }
            }
            lane.read_to = None;
            true
        });
        lagged
    }
}

/// Opens the source of a handler, and takes up its durable cursor if it has one.
fn open_source<W: Worker>(
    app: &App,
    definition: &HandlerDefinition<W>,
    name: &SmolStr,
    leader: bool,
) -> Result<(Source, Option<Durable>)> {
    let (policy, describe) = (&definition.policy, describe(definition, name));
    let Some(cursor) = policy.durable else {
        let source = Source::of(app, &definition.source, name, false, None, describe)?;
        return Ok((source, None));
    };
    if policy.keyed {
        return Err(Error::Refused {
            what: "`durable`".into(),
            reason:
                "`keyed` goes on with other entities while one fails, which no one cursor can tell"
                    .into(),
        });
    }
    let reader = CursorReader {
        handler: name.clone(),
        application: app.name().into(),
    };
    let leader = (policy.leader || leader) && !policy.whoever_leads;
    let in_use = app.store().use_cursor(cursor, reader)?;
    let known = app.store().cursor(cursor);
    let source = Source::of(app, &definition.source, name, true, known, describe)?;
    let durable = Durable::open(app, in_use, source.done(), leader)?;
    Ok((source, Some(durable)))
}

fn describe<W>(
    handler: &HandlerDefinition<W>,
    name: &SmolStr,
) -> impl Fn(Subscribe) -> Subscribe + use<W> {
    let (policy, name) = (handler.policy, name.clone());
    move |subscribe| {
        let mut described = subscribe.named(name.clone());
        if !policy.own {
            described = described.not_by(name.clone());
        }
        if policy.after_durable {
            described = described.after_durable();
        }
        described
    }
}

#[cfg(test)]
mod tests {
    use qlib::prelude::*;

    use crate::app::run_on_simulated_disk;

    #[derive(Entity)]
    struct Siren {
        #[field(default = 0)]
        asked: i64,
        #[field(default = false)]
        seen: bool,
        #[field(default = false)]
        howls: bool,
    }

    #[on_change(Siren.Asked, after_durable)]
    async fn howl(change: Change<Siren, i64>, cx: &mut Cx) -> Result<()> {
        let is_durable = cx.store().health().durable >= change.revision();
        change.entity(cx)?.set_howls(is_durable).commit().await
    }

    #[on_change(Siren.Asked)]
    async fn see(change: Change<Siren, i64>, cx: &mut Cx) -> Result<()> {
        change.entity(cx)?.set_seen(true).commit().await
    }

    async fn holds(store: &Store, field: qlib::Field<Siren, bool>, id: EntityId) {
        while !store.read(id, field).unwrap() {
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn a_handler_after_durable_runs_once_its_change_is_on_the_disk() {
        run_on_simulated_disk(async |disk, store| {
            let app = App::builder("sirens").entity::<Siren>();
            let app = app.register(|registry| registry.worker::<howl>());
            let app = app.register(|registry| registry.worker::<see>());
            let running = app.store(store.clone()).start().await.unwrap();
            disk.hold_syncs(true);
            let made = store.transaction(|tx| tx.create(EntityId::ROOT, "Roof", Siren::builder()));
            let siren = made.applied().await.unwrap().value.id();
            holds(&store, Siren::FIELDS.Seen, siren).await;
            assert!(!store.read(siren, Siren::FIELDS.Howls).unwrap());
            disk.hold_syncs(false);
            holds(&store, Siren::FIELDS.Howls, siren).await;
            running.stop().await;
        });
    }
}
