//! Names the handler that blocks the main thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use smol_str::SmolStr;
use tokio::sync::watch;

/// How long the main thread may run one piece of user code without a break.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// What the main thread is doing.
#[derive(Debug, Default)]
pub(crate) struct Beat {
    /// Odd while user code runs; each piece of it has a number of its own.
    count: AtomicU64,
    running: Mutex<SmolStr>,
    /// The watchdog sets it, and who tells of it on the main thread takes it back.
    blocked: watch::Sender<bool>,
    stop: Mutex<bool>,
    stopped: Condvar,
}

impl Beat {
    pub(crate) fn enter(&self, name: &SmolStr) {
        self.running.lock().clone_from(name);
        self.count.fetch_add(1, Ordering::Release);
    }

    pub(crate) fn leave(&self) {
        self.count.fetch_add(1, Ordering::Release);
    }

    /// Changes whenever user code begins or ends.
    #[cfg(feature = "test")]
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// Whether the main thread was blocked for longer than the watchdog's patience, and nobody has
    /// been told yet.
    pub(crate) fn is_blocked(&self) -> bool {
        *self.blocked.borrow()
    }

    /// Completes on the main thread once that answers again after it was blocked.
    pub(crate) async fn answers_again(&self) {
        // An error means that the application is gone: nobody is left to be told.
        let _ = self.blocked.subscribe().wait_for(|blocked| *blocked).await;
    }

    /// Notes that all have been told.
    pub(crate) fn told(&self) {
        self.blocked.send_replace(false);
    }

    pub(crate) fn stop(&self) {
        *self.stop.lock() = true;
        self.stopped.notify_all();
    }
}

/// Watches the main thread from one of its own until [`Beat::stop`]. Real time counts here, whatever
/// clock the application has: a blocked thread moves no clock.
pub(crate) fn start(beat: Arc<Beat>, patience: Duration) -> std::io::Result<()> {
    let watching = move || {
        let (mut seen, mut named) = ((0, Instant::now()), false);
        let mut stop = beat.stop.lock();
        while !*stop {
            beat.stopped.wait_for(&mut stop, patience / 4);
            let count = beat.count.load(Ordering::Acquire);
            if count != seen.0 {
                seen = (count, Instant::now());
                if std::mem::take(&mut named) {
                    tracing::info!("the main thread answers again");
                }
            } else if count % 2 == 1 && seen.1.elapsed() >= patience && !named {
                named = true;
                beat.blocked.send_replace(true);
                let name = beat.running.lock().clone();
                tracing::error!(handler = %name, "blocks the main thread: await instead, or hand the work to a thread");
            }
        }
    };
    std::thread::Builder::new()
        .name("qlib-watchdog".into())
        .spawn(watching)
        .map(drop)
}
