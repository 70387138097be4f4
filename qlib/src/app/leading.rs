//! The election's part in an application: states, signals, and the `Service` entity.

use crate::app::App;
use crate::leader::{Leadership, State};
use crate::model::{Result, Value};
use crate::store::Event;

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
            match self.campaign() {
                Ok(_) => {
                    // A fail-over that was asked for during the campaign is over.
                    while trigger.try_next().is_some() {}
                    loop {
                        if let Event::Change(_) = trigger.next().await {
                            break;
                        }
                    }
                    self.step_down();
                }
                Err(error) => {
                    tracing::warn!(%error, "no leadership");
                    self.inner.state.set(State::Unavailable);
                    let _ = self.inner.signals.became_unavailable.emit(());
                    if connected.wait_for(|connected| *connected).await.is_err() {
                        return;
                    }
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    fn campaign(&self) -> Result<Leadership> {
        let leadership = self.inner.election.borrow_mut().campaign()?;
        let instance = self.options().instance.clone();
        let service = self.service();
        leadership.store().transact(|tx| {
            tx.set_value(service, "Leader", Value::from(instance.clone()))?;
            tx.set_value(service, "Candidates", Value::from(instance.clone()))?;
            tx.set_value(service, "HeartbeatTrigger", Value::Int(0))
        })?;
        self.inner.state.set(State::Leader);
        tracing::info!(token = leadership.token(), "leading");
        self.tell(
            "BecameLeader",
            self.inner.signals.became_leader.emit(leadership.clone()),
        );
        Ok(leadership)
    }

    /// Stops leading; handlers of `LosingLeadership` run before anybody leads again.
    pub(crate) fn step_down(&self) {
        self.tell(
            "LosingLeadership",
            self.inner.signals.losing_leadership.emit(()),
        );
        if self.inner.election.borrow_mut().resign().is_some() {
            self.inner.state.set(State::Follower);
            self.tell(
                "BecameFollower",
                self.inner.signals.became_follower.emit(()),
            );
        }
    }

    fn tell(&self, signal: &str, outcome: Result<()>) {
        if let Err(error) = outcome {
            tracing::error!(signal, %error, "a handler does not keep up");
        }
    }
}
