//! A store at one revision, as an object.

use std::sync::Arc;

use crate::model::{Effect, Error, Image, ImageEntity, ImageField, Op, Result, Revision, Schema};
use crate::store::{CommitFuture, Store};
use crate::tree::Tree;

/// So many commits are taken back under one lock.
const STEP: usize = 1_000;

/// A store at one revision. Taking one does not stop the writers, and shares with the store all that
/// has not changed since.
///
/// ```
/// # use qlib::*;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// # let store = Store::memory()?;
/// # store.set_schema(Schema::new("Lamp").field("Brightness", Kind::Int)).await?;
/// # let desk = store.transaction(|tx| tx.create_named(EntityId::ROOT, "Desk", "Lamp", [])).await?;
/// let snapshot = store.create_snapshot();
/// store.transaction(|tx| { tx.delete(desk); Ok(()) }).await?;
/// assert_eq!(snapshot.entities().len(), 2);
/// store.restore_snapshot(&snapshot).await?;
/// assert_eq!(store.find("/Desk")?, desk);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Snapshot {
    tree: Arc<Tree>,
}

impl Snapshot {
    /// The revision.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.tree.revision()
    }

    /// The tree, for reading by names and ids.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// All entities, parents before their children, without their fields' values.
    #[must_use]
    pub fn entities(&self) -> Vec<ImageEntity> {
        let without_fields = |entity: ImageEntity| ImageEntity {
            fields: Vec::new(),
            ..entity
        };
        self.image()
            .entities
            .into_iter()
            .map(without_fields)
            .collect()
    }

    /// All fields that have a value, with the entity that each belongs to.
    #[must_use]
    pub fn fields(&self) -> Vec<(crate::EntityId, ImageField)> {
        let fields = |entity: ImageEntity| {
            entity
                .fields
                .into_iter()
                .map(move |field| (entity.id, field))
        };
        self.image().entities.into_iter().flat_map(fields).collect()
    }

    /// All types.
    #[must_use]
    pub fn schemas(&self) -> Vec<Schema> {
        self.image().schemas
    }

    /// The whole snapshot as plain data.
    #[must_use]
    pub fn image(&self) -> Image {
        self.tree.image()
    }
}

impl Store {
    /// The store as it is now.
    #[must_use]
    pub fn create_snapshot(&self) -> Snapshot {
        Snapshot {
            tree: Arc::new(self.shared.read().tree.clone()),
        }
    }

    /// The store as it was at a revision. Inside the recent window, what the commits since then did
    /// is taken back on a copy: limits and fencing tokens are those of now, and where a commit moved
    /// an entity and then moved, renamed or deleted it, siblings may be in another order.
    ///
    /// Further back, and before the last change of the schemas or the last restore, the disk is asked
    /// where there is one, as far back as the retention of the log reaches: that blocks the thread
    /// while a snapshot is read and the log behind it, and waits until the revision is durable.
    ///
    /// ```
    /// # use qlib::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let store = Store::memory()?;
    /// # store.set_schema(Schema::new("Lamp").field("Brightness", Kind::Int)).await?;
    /// # let desk = store.transaction(|tx| tx.create_named(EntityId::ROOT, "Desk", "Lamp", [])).await?;
    /// let before = store.revision();
    /// store.transaction(|tx| { tx.delete(desk); Ok(()) }).await?;
    /// assert_eq!(store.at(before)?.tree().at_path("/Desk")?, desk);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::OutOfReach`]: the revision is still to come, or is gone: on the memory log what has
    /// left the window, and what is from before the last change of the schemas or the last restore; on
    /// the disk what is beyond the retention. [`Error::Log`], [`Error::OutcomeUnknown`]: the disk does
    /// not give it.
    pub fn at(&self, revision: Revision) -> Result<Snapshot> {
        let rewound = self.rewound(revision);
        let archive = match &rewound {
            Err(Error::OutOfReach { newest, .. }) if revision <= *newest => self.archive(),
            _ => None,
        };
        let tree = match archive {
            Some(archive) => self.start(&archive, revision)?.tree,
            None => rewound?,
        };
        Ok(Snapshot {
            tree: Arc::new(tree),
        })
    }

    /// The tree as it was at a revision of the recent window.
    fn rewound(&self, revision: Revision) -> Result<Tree> {
        let mut tree = self.shared.read().tree.clone();
        let newest = tree.revision();
        let out_of_reach = |oldest| Error::OutOfReach {
            revision,
            oldest,
            newest,
        };
        if revision > newest {
            return Err(out_of_reach(self.shared.read().window.first()));
        }
        while tree.revision() > revision {
            // For some commits at a time, so that no commit waits long.
            let core = self.shared.read();
            for _ in 0..STEP {
                let now = tree.revision();
                let before = core.window.get(now - 1);
                let (Some(applied), Some(before)) = (core.window.get(now), before) else {
                    return Err(out_of_reach(core.window.first().max(now)));
                };
                let schemas = |effect: &Effect| matches!(effect, Effect::Schema(_));
                if applied.resync || applied.effects.iter().any(schemas) {
                    return Err(out_of_reach(now));
                }
                tree.rewind(&applied.effects, before.revision, before.time);
                if before.revision == revision {
                    break;
                }
            }
        }
        Ok(tree)
    }

    /// Replaces the whole store by a snapshot, in one commit. Write times and writers are kept; each
    /// reader gets [`crate::Event::Resync`] and one change for each field that differs.
    pub fn restore_snapshot(&self, snapshot: &Snapshot) -> CommitFuture {
        self.restore_image(snapshot.image())
    }

    /// Replaces the whole store by plain data, in one commit, as [`Store::restore_snapshot`] does.
    ///
    /// # Errors
    /// The commit's error says which entity or field of the image is wrong.
    pub fn restore_image(&self, image: Image) -> CommitFuture {
        let image = Arc::new(image);
        self.submitted(self.submit_restore(Op::Restore { image, only: None }))
    }
}
