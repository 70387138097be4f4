//! The election's part in an application: states, signals, and the `Service` entity.

use std::future::Future;
use std::task::Poll;
use std::time::Duration;

use crate::app::{App, Signal};
use crate::leader::{Leadership, State};
use crate::model::{Error, Result, Value};
use crate::store::{Event, Subscription};

/// The pause after a campaign that a connected store refused.
const RETRY: Duration = Duration::from_secs(1);
/// How often a leader writes `Service.HeartbeatTrigger`: as often as the reference renews its lease.
const HEARTBEAT: Duration = Duration::from_millis(7_500);

impl App {
    /// Campaigns, and steps down when `Service.FailOverTrigger` is written, until the application
    /// ends.
    pub(crate) async fn lead(self) {
        let trigger = self.store().subscribe_named("Service", "FailOverTrigger");
        let trigger = trigger
            .entity(self.service())
            .named("election")
            .writes()
            .start();
        let mut trigger = match trigger {
            Ok(trigger) => trigger,
            Err(error) => {
                return tracing::error!(%error, "the election cannot watch FailOverTrigger");
            }
        };
        let mut connected = self.store().connection();
        loop {
            match self.campaign().await {
                Ok(leadership) => {
                    // A fail-over that was asked for during the campaign is over.
                    while trigger.try_next().is_some() {}
                    let mut written = std::pin::pin!(written(&mut trigger));
                    let mut lost = std::pin::pin!(connected.wait_for(|connected| !*connected));
                    let mut over =
                        std::future::poll_fn(|context| match written.as_mut().poll(context) {
                            Poll::Ready(()) => Poll::Ready(()),
                            Poll::Pending => lost.as_mut().poll(context).map(drop),
                        });
                    while tokio::time::timeout(HEARTBEAT, &mut over).await.is_err() {
                        self.show_alive(&leadership);
                    }
                    self.step_down().await;
                }
                Err(error) => {
                    tracing::warn!(%error, "no leadership");
                    self.inner
                        .standing
                        .set(State::Unavailable, error.to_string());
                    let became_unavailable = &self.inner.signals.became_unavailable;
                    if matches!(error, Error::StoreFailed(_)) {
                        self.tell_and_wait("BecameUnavailable", became_unavailable)
                            .await;
                        self.inner.end.send_replace(true);
                        return;
                    }
                    let _ = became_unavailable.emit(());
                    if *connected.borrow_and_update() {
                        tokio::time::sleep(RETRY).await;
                    } else if connected.changed().await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// When the store takes no further commits, the leadership is lost and the handlers end; reading
    /// goes on until the application is told to end.
    pub(crate) async fn watch_store(self) {
        let failure = self.store().failed().await;
        tracing::error!(%failure, "handlers stop; the store can still be read");
        self.store().lose_connection();
    }

    async fn campaign(&self) -> Result<Leadership> {
        let leadership = self.inner.election.borrow().claim()?;
        let instance = self.options().instance.clone();
        let service = self.service();
        leadership.store().transact(|tx| {
            tx.set_value(service, "Leader", Value::from(instance.clone()))?;
            tx.set_value(service, "Candidates", Value::from(instance.clone()))?;
            tx.set_value(service, "HeartbeatTrigger", Value::Int(0))
        })?;
        self.store().durable().await?;
        self.inner.election.borrow_mut().win(leadership.clone());
        let token = leadership.token();
        let standing = &self.inner.standing;
        standing.set(State::Leader, format!("elected with token {token}"));
        self.wake_handlers();
        tracing::info!(token, "leading");
        self.tell(
            "BecameLeader",
            self.inner.signals.became_leader.emit(leadership.clone()),
        );
        Ok(leadership)
    }

    /// Tells handlers that the main thread was blocked, each time that it answers again; then the
    /// state is what it was before, and they are told that.
    pub(crate) async fn tell_of_blocking(self) {
        let signals = &self.inner.signals;
        loop {
            self.inner.beat.answers_again().await;
            let state = || self.inner.standing.now().state;
            if state() != State::Unavailable {
                self.tell_and_wait("BecameUnavailable", &signals.became_unavailable)
                    .await;
            }
            self.inner.beat.told();
            match (state(), self.leadership()) {
                (State::Leader, Some(leadership)) => {
                    self.tell("BecameLeader", signals.became_leader.emit(leadership));
                }
                (State::Follower, _) => {
                    self.tell("BecameFollower", signals.became_follower.emit(()));
                }
                _ => {}
            }
        }
    }

    /// The heartbeat: what tells of life is when it was written, the value stays.
    fn show_alive(&self, leadership: &Leadership) {
        let service = self.service();
        let beat = leadership
            .store()
            .transact(|tx| tx.set_value(service, "HeartbeatTrigger", Value::Int(0)));
        if let Err(error) = beat {
            tracing::warn!(%error, "no heartbeat");
        }
    }

    /// Stops leading, once the handlers that are told of it are done.
    pub(crate) async fn step_down(&self) {
        let Some(leadership) = self.leadership() else {
            return;
        };
        let signals = &self.inner.signals;
        self.tell_and_wait("LosingLeadership", &signals.losing_leadership)
            .await;
        self.hide(&leadership);
        self.inner.election.borrow_mut().resign();
        let standing = &self.inner.standing;
        standing.set(State::Follower, "it has stepped down");
        self.tell_and_wait("BecameFollower", &signals.became_follower)
            .await;
    }

    /// Takes this instance off the `Service`: it leads no more, and is no candidate if it ends.
    fn hide(&self, leadership: &Leadership) {
        let (service, ends) = (self.service(), *self.inner.stop.borrow());
        let hidden = leadership.store().transact(|tx| {
            tx.set_value(service, "Leader", None)?;
            if ends {
                tx.set_value(service, "Candidates", None)?;
            }
            Ok(())
        });
        match hidden {
            Ok(_) => {}
            // Whoever leads next says so there.
            Err(Error::Disconnected | Error::StaleFence { .. }) => {}
            Err(error) => tracing::warn!(%error, "the Service still shows the leader that was"),
        }
    }

    async fn tell_and_wait(&self, name: &str, signal: &Signal<()>) {
        let (handled, outcome) = signal.emit_awaited(());
        self.tell(name, outcome);
        let limit = self.options().init_limit;
        if tokio::time::timeout(limit, handled).await.is_err() {
            tracing::error!(
                signal = name,
                ?limit,
                "a handler does not end: on without it"
            );
        }
    }

    fn tell(&self, signal: &str, outcome: Result<()>) {
        if let Err(error) = outcome {
            tracing::error!(signal, %error, "a handler does not keep up");
        }
    }
}

/// Completes when the field that a subscription is about is written.
async fn written(trigger: &mut Subscription) {
    while !matches!(trigger.next().await, Event::Change(_)) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::run_on_simulated_disk;
    use crate::log::Faults;
    use crate::model::Schema;

    #[test]
    fn who_leads_has_a_claim_that_is_on_the_disk() {
        run_on_simulated_disk(async |_, store| {
            let running = App::builder("a").store(store.clone());
            let running = running.start().await.unwrap();
            let app = running.app();
            while app.leadership().is_none() && app.state() != State::Leader {
                tokio::task::yield_now().await;
            }
            let on_disk = store.shared().group.get().unwrap().durable();
            let view = store.view();
            let service = view.tree().entity(app.service()).unwrap();
            let field = view
                .tree()
                .field_id(service.entity_type(), "Leader")
                .unwrap();
            let shown = service.stamp(field).unwrap().revision;
            assert!(
                shown > 0 && shown <= on_disk,
                "{shown} is shown, {on_disk} on the disk"
            );
            drop(view);
            running.stop().await;
        });
    }

    #[test]
    fn a_disk_that_fails_ends_the_leadership_and_the_handlers() {
        run_on_simulated_disk(async |disk, store| {
            let running = App::builder("a")
                .store(store.clone())
                .start()
                .await
                .unwrap();
            let mut ending = std::pin::pin!(running.app().ending());
            while running.app().state() != State::Leader {
                tokio::task::yield_now().await;
            }
            disk.set_faults(Faults {
                fail_sync: Some(1),
                ..Faults::default()
            });
            let unknown = store.set_schema(Schema::new("B")).await.unwrap_err();
            assert!(matches!(unknown, Error::OutcomeUnknown { .. }), "{unknown}");
            ending.as_mut().await;
            assert_eq!(running.app().state(), State::Unavailable);
            assert!(running.app().leadership().is_none());
            assert!(!store.is_connected());
            assert!(matches!(store.connect(), Err(Error::StoreFailed(_))));
            assert!(store.schema("B").is_ok(), "reads go on");
            running.stop().await;
        });
    }
}
