//! Timers that tick on where the process before stopped.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Sleep;

use crate::app::define::CatchUp;
use crate::model::{Clock, Timestamp};

/// How long the clock is not looked at: it may be set, and a machine that sleeps stops tokio's.
const LOOK: Duration = Duration::from_secs(60);

/// The ticks of a persistent timer, by the clock of the store.
pub(crate) struct PersistentTicks {
    clock: Clock,
    period: Duration,
    catch_up: CatchUp,
    /// The last tick that was delivered or left out.
    last: Timestamp,
    /// While the next tick is waited for.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl PersistentTicks {
    /// Ticks on behind `last`; behind now where there was none yet.
    pub(crate) fn new(
        clock: Clock,
        period: Duration,
        catch_up: CatchUp,
        last: Option<Timestamp>,
    ) -> Self {
        let now = clock.now();
        Self {
            clock,
            period: period.max(Duration::from_nanos(1)),
            catch_up,
            last: last.unwrap_or(now),
            sleep: None,
        }
    }

    pub(crate) fn last(&self) -> Timestamp {
        self.last
    }

    /// The time of the next tick, once it has come.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Timestamp> {
        loop {
            let now = self.clock.now();
            // A clock that was set back does not stop the timer.
            self.last = self.last.min(now);
            if self.catch_up == CatchUp::Skip && self.sleep.is_none() {
                self.last = self.newest(now);
            }
            let next = self.last + self.period;
            if next <= now {
                self.sleep = None;
                self.last = match self.catch_up {
                    CatchUp::All => next,
                    CatchUp::Skip | CatchUp::Once => self.newest(now),
                };
                return Poll::Ready(self.last);
            }
            let wait = Duration::from_nanos(next.as_nanos().abs_diff(now.as_nanos())).min(LOOK);
            let sleep = self.sleep.insert(Box::pin(tokio::time::sleep(wait)));
            if sleep.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// The newest tick that is due, or the last one.
    fn newest(&self, now: Timestamp) -> Timestamp {
        let since = now.as_nanos().saturating_sub(self.last.as_nanos()).max(0);
        let since = u128::from(since.unsigned_abs());
        let over = since % self.period.as_nanos();
        self.last + Duration::from_nanos((since - over) as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use qlib::prelude::*;
    use qlib::{Clock, WindowLimits};

    thread_local! {
        static TICKS: Cell<i64> = const { Cell::new(0) };
    }

    #[every("1s", persistent = "ticks", catch_up = "all")]
    async fn tick() -> Result<()> {
        TICKS.set(TICKS.get() + 1);
        Ok(())
    }

    fn run(test: impl AsyncFnOnce(Store, Clock)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, async {
            let clock = Clock::driven(Timestamp::from_nanos(1_000_000_000_000_000));
            let store = Store::memory_with(clock.clone(), WindowLimits::default()).unwrap();
            test(store, clock).await;
        });
    }

    async fn start(store: &Store) -> qlib::RunningApp {
        let app = App::builder("ticks").store(store.clone());
        let app = app.register(|registry| registry.worker::<tick>());
        app.start().await.unwrap()
    }

    #[test]
    fn an_application_with_many_ticks_to_catch_up_can_be_stopped() {
        const MISSED: i64 = 10_000;
        run(async |store, clock| {
            start(&store).await.stop().await;
            clock.set(clock.now() + Duration::from_secs(MISSED.unsigned_abs()));
            let running = start(&store).await;
            while TICKS.get() == 0 {
                tokio::task::yield_now().await;
            }
            running.stop().await;
            assert!(TICKS.get() < MISSED, "it ends once all is done");
        });
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_stop_the_timer() {
        run(async |store, clock| {
            let running = start(&store).await;
            clock.set(clock.now() - Duration::from_secs(3600));
            for ticks in 1..=3 {
                tokio::time::sleep(Duration::from_secs(60)).await;
                clock.set(clock.now() + Duration::from_secs(1));
                tokio::time::sleep(Duration::from_secs(60)).await;
                assert_eq!(TICKS.get(), ticks);
            }
            running.stop().await;
        });
    }
}
