//! A program for tests of `main`: signals, flags, levels. It says on standard output what it does.

use qlib::prelude::*;

#[derive(Default)]
struct Probe;

#[worker]
impl Probe {
    #[init]
    async fn init(&mut self) -> Result<()> {
        println!("init");
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
        tracing::debug!("after");
        println!("ready");
        Ok(())
    }

    #[deinit]
    async fn deinit(&mut self) -> Result<()> {
        println!("deinit");
        if std::env::var_os("PROBE_STUCK").is_some() {
            println!("stuck");
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}

qlib::main!(
    "probe",
    setup = |app| {
        if let Some(time) = app.time_option("for", "End after this time")? {
            app.end_after(time);
        }
        let loud = app.switch("loud", "Say more");
        if loud {
            println!("loud");
        }
        Ok(())
    }
);
