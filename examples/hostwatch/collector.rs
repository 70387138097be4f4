//! Looks at the machine, again and again.

use std::io::Write;

use qlib::prelude::*;
use sysinfo::System;
use tokio::task::spawn_blocking;

use crate::model::Host;
use crate::record::{create_host, record};
use crate::sampler::{Sample, Sampler};

/// Handlers may return any error: `?` turns qlib's own and others into it.
type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// Looks at the machine once a second. Each look is one commit, so that nobody ever sees half of
/// one.
#[derive(Default)]
pub(crate) struct Collector {
    sampler: Option<Sampler>,
    host: Option<Ref<Host>>,
}

#[worker]
impl Collector {
    #[init]
    async fn init(&mut self, cx: &mut Cx) -> Result<(), AnyError> {
        let sample = self.sample().await?;
        let name = System::host_name().unwrap_or_default().replace('/', "-");
        let name = if name.is_empty() { "host" } else { &name };
        let system = System::long_os_version().unwrap_or_else(|_| "unknown".to_owned());
        let created = cx.transaction(|tx| {
            // After a restart, or a panic of this worker, its host is there already.
            let known = tx.tree()?.existing(EntityId::ROOT)?.child(name);
            let known = known.map(|host| Ref::new(host.id()));
            let host = match known {
                Some(host) => host,
                None => create_host(tx, name, &system, &sample)?,
            };
            record(tx, host, &sample)?;
            Ok((host, known.is_some()))
        });
        let (host, known) = created.await?;
        self.host = Some(host);
        if known {
            tell_of_history(cx.store(), host)?;
        }
        Ok(())
    }

    #[every("1s")]
    async fn round(&mut self, cx: &mut Cx) -> Result<(), AnyError> {
        let sample = self.sample().await?;
        if let Some(host) = self.host {
            cx.transaction(|tx| record(tx, host, &sample)).await?;
        }
        Ok(())
    }

    /// What it came to. Workers end in reverse order: the screen has given the terminal back by now.
    #[deinit]
    async fn summary(&mut self, cx: &mut Cx) -> Result<(), AnyError> {
        if let Some(host) = self.host {
            let letters = cx.app().dead_letters().len();
            let Host {
                rounds,
                alarms_raised,
                health,
                ..
            } = cx.get(host)?;
            let commits = cx.store().revision();
            writeln!(
                std::io::stdout(),
                "rounds: {rounds}, commits: {commits}, alarms raised: {alarms_raised}, \
                 dead letters: {letters}; the host is {health:?}"
            )?;
        }
        Ok(())
    }
}

/// Says what is still known from before.
fn tell_of_history(store: &Store, host: Ref<Host>) -> Result<()> {
    let Host { rounds, .. } = store.get(host)?;
    let load = store.history(host, Host::FIELDS.Load, ..)?.page(None, 1)?;
    if let Some(since) = load.since {
        tracing::info!(rounds, %since, "found the host, with a history");
    }
    Ok(())
}

impl Collector {
    /// Reads the machine on another thread: the main thread is that of all workers, and reading may
    /// block.
    async fn sample(&mut self) -> Result<Sample, AnyError> {
        let sampler = self.sampler.take();
        let read = spawn_blocking(move || {
            let mut sampler = sampler.map_or_else(Sampler::new, Ok)?;
            let sample = sampler.sample();
            Ok::<_, sysinfo::Error>((sampler, sample))
        });
        let (sampler, sample) = read.await??;
        self.sampler = Some(sampler);
        Ok(sample)
    }
}
