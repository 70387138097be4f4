//! A program for tests of `main`: signals, flags, levels. It says on standard output what it does.
//! `PROBE_STUCK` names where it does not go on: `init`, `deinit`, or `thread`, where `deinit` blocks it.

use qlib::prelude::*;

async fn may_be_stuck(place: &str) {
    let stuck = std::env::var("PROBE_STUCK").unwrap_or_default();
    if stuck == place {
        println!("stuck");
        std::future::pending::<()>().await;
    }
    if stuck == "thread" && place == "deinit" {
        println!("stuck");
        std::thread::park();
    }
}

/// What was measured.
#[derive(Entity)]
struct Sample {
    #[field(range(0..=100), unit = "%", default = 0)]
    level: i64,
    #[field(was = "Origin")]
    source: Option<String>,
}

#[derive(Default)]
struct Probe;

#[worker]
impl Probe {
    #[init]
    async fn init(&mut self) -> Result<()> {
        println!("init");
        may_be_stuck("init").await;
        Ok(())
    }

    #[on_leader]
    async fn lead(&mut self, _leadership: &Leadership, cx: &mut Cx) -> Result<()> {
        tracing::debug!("before");
        let service = cx.service();
        let louder = cx
            .store()
            .transaction(|tx| tx.set_value(service, "LogLevel", qlib::Value::Int(2)));
        louder.await?;
        // The level follows once the application has seen the change; the handler's limit ends a wait
        // in vain.
        while !tracing::enabled!(tracing::Level::DEBUG) {
            tokio::task::yield_now().await;
        }
        let leader = cx.view().value(service, "Leader")?;
        tracing::debug!(?leader, "after");
        if std::env::var_os("PROBE_QUIET").is_some() {
            let quieter = cx
                .store()
                .transaction(|tx| tx.set_value(service, "QLibLogLevel", qlib::Value::Int(5)));
            quieter.await?;
            while tracing::enabled!(target: "qlib::app", tracing::Level::INFO) {
                tokio::task::yield_now().await;
            }
        }
        println!("ready");
        Ok(())
    }

    #[deinit]
    async fn deinit(&mut self) -> Result<()> {
        println!("deinit");
        tracing::info!("last words");
        may_be_stuck("deinit").await;
        Ok(())
    }
}

qlib::main!(
    "probe",
    setup = |app| {
        if let Some(time) = app.time_option("for", "End after this time")? {
            app.end_after(time);
        }
        app.on_abort(|| println!("given back"));
        let loud = app.switch("loud", "Say more");
        if loud {
            println!("loud");
        }
        if app
            .option("must", "WHAT", "Refuse to start without")?
            .is_none()
            && std::env::var_os("PROBE_MUST").is_some()
        {
            return Err(Error::usage("--must is missing"));
        }
        Ok(())
    }
);
