//! What a store says of itself.

use std::sync::Weak;
use std::sync::atomic::Ordering;

use smol_str::SmolStr;

use crate::model::Revision;
use crate::store::Store;

/// How far a subscription has read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReaderStatus {
    /// What the subscription is called.
    pub name: SmolStr,
    /// The revision up to which it has read everything that concerns it.
    pub position: Revision,
    /// How many revisions came since.
    pub behind: Revision,
}

/// How much a store holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stats {
    /// The kind of log.
    pub log: &'static str,
    /// The newest revision.
    pub revision: Revision,
    /// The newest revision that outlives the process.
    pub durable: Revision,
    /// Entities.
    pub entities: usize,
    /// Commits in the recent window.
    pub window_commits: usize,
    /// Bytes of the recent window, roughly.
    pub window_bytes: usize,
    /// Bytes in memory of what fields held, roughly.
    pub history_bytes: usize,
}

impl Store {
    /// Who reads changes, and how far each of them is.
    ///
    /// ```
    /// # use qlib::{Kind, Schema, Store};
    /// # fn main() -> qlib::Result<()> {
    /// let store = Store::memory()?;
    /// let screen = store.subscribe_schemas().named("screen").start()?;
    /// drop(store.set_schema(Schema::new("Lamp").field("Brightness", Kind::Int)));
    /// assert_eq!(store.readers()[0].name, "screen");
    /// assert_eq!(store.readers()[0].behind, 1);
    /// # drop(screen);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn readers(&self) -> Vec<ReaderStatus> {
        let core = self.shared.read();
        let newest = core.tree.revision();
        let mut readers = self.shared.readers.lock();
        readers.retain(|reader| reader.strong_count() > 0);
        let alive = readers.iter().filter_map(Weak::upgrade);
        alive
            .map(|reader| {
                let read = reader.position.load(Ordering::Relaxed);
                let next = core.routes.after(reader.topic, read).next();
                let position = match next {
                    _ if core.routes.lost(reader.topic) > read => read,
                    Some(next) => next - 1,
                    None => newest,
                };
                ReaderStatus {
                    name: reader.name.clone(),
                    position,
                    behind: newest.saturating_sub(position),
                }
            })
            .collect()
    }

    /// How much the store holds.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let core = self.shared.read();
        Stats {
            log: core.log.name(),
            revision: core.tree.revision(),
            durable: core.log.durable(),
            entities: core.tree.len(),
            window_commits: core.window.len(),
            window_bytes: core.window.bytes(),
            history_bytes: core.feeder.history().bytes(),
        }
    }
}
