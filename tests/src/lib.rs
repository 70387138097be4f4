//! Scenarios through qlib's public API. What is here helps them.

pub mod crash;
mod once;
pub mod take_over;

use std::future::Future;
use std::time::Duration;

use qlib::{AppBuilder, BootReport, Result};

/// Waits on the clock of the test.
pub async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Lets others run.
pub async fn yield_now() {
    tokio::task::yield_now().await;
}

/// Runs on one thread, as an application does, with a clock that runs on whenever all wait.
///
/// # Panics
/// There is no runtime: the test fails.
pub fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    match runtime {
        Ok(runtime) => tokio::task::LocalSet::new().block_on(&runtime, work),
        Err(error) => panic!("no runtime: {error}"),
    }
}

/// Starts an application and ends it at once.
///
/// # Errors
/// Why it does not start.
pub fn boot(builder: AppBuilder) -> Result<BootReport> {
    run(async {
        let running = builder.start().await?;
        let report = running.report().clone();
        running.stop().await;
        Ok(report)
    })
}
