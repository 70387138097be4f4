//! The commit that replaces the tree.

use std::io;
use std::sync::Arc;

use parking_lot::{RwLockUpgradableReadGuard, RwLockWriteGuard};

use crate::log::{Disk, End, Room, Snapshots};
use crate::model::{Commit, Error, LogError, Op, Receipt, Result};
use crate::store::backup::save;
use crate::store::core::{Shared, to_write};
use crate::tree::{Effects, Tree};

/// What a restore makes of the tree that it was applied to.
struct Restored {
    /// The schemas of the tree before, and the end of its log.
    schemas: u64,
    end: End,
    tree: Tree,
    effects: Effects,
    receipt: Receipt,
}

impl Shared {
    /// Orders, applies and publishes a commit that replaces the tree. It is applied to a copy first,
    /// and the copy written to the disk, while others go on to commit: what they write meanwhile is
    /// replaced too.
    ///
    /// # Errors
    /// Why the commit is refused; nothing has changed then.
    pub(crate) fn restore(&self, commit: Commit) -> Result<Receipt> {
        self.outside_views()?;
        // There is one file in which to write it.
        let _restoring = self.restoring.lock();
        loop {
            let restored = self.prepare(&commit)?;
            let disk = self.read().disk.clone();
            if let Some(disk) = &disk {
                let save = |output| save(&restored.tree, restored.end, output, || Ok(()));
                Snapshots::write_restored(&**disk, save).map_err(refused)?;
            }
            let replaced = self.replace(commit.clone(), restored);
            match (&replaced, disk) {
                (Ok(Some(receipt)), Some(disk)) => self.settle(&*disk, *receipt),
                // Room that others may need; an opening removes it too.
                (Err(_), Some(disk)) => drop(Snapshots::discard_restored(&*disk)),
                _ => {}
            }
            if let Some(receipt) = replaced? {
                return Ok(receipt);
            }
        }
    }

    fn prepare(&self, commit: &Commit) -> Result<Restored> {
        let (mut tree, end, receipt) = {
            let core = to_write(self.read())?;
            core.must_be_connected()?;
            let receipt = core.log.next(self.clock.now());
            (core.tree.clone(), core.log.end(), receipt)
        };
        Ok(Restored {
            schemas: tree.tag(),
            end,
            effects: tree.apply(commit, receipt.revision, receipt.time)?,
            tree,
            receipt,
        })
    }

    /// Replaces the tree, unless the schemas are others now.
    fn replace(&self, mut commit: Commit, mut restored: Restored) -> Result<Option<Receipt>> {
        let written = restored.tree.clone();
        let mut woken = Vec::new();
        let receipt = loop {
            let core = self.core.upgradable_read();
            core.must_be_connected()?;
            if core.tree.tag() != restored.schemas {
                return Ok(None);
            }
            if core.tree.revision() >= restored.receipt.revision {
                // What counts is what was written: an opening finds no other.
                let image = Arc::new(written.image());
                commit.ops.iter_mut().for_each(|op| {
                    if let Op::Restore { image: before, .. } = op {
                        *before = Arc::clone(&image);
                    }
                });
                restored.receipt = core.log.next(self.clock.now());
                let Receipt { revision, time, .. } = restored.receipt;
                restored.tree = core.tree.clone();
                restored.effects = restored.tree.apply(&commit, revision, time)?;
            }
            let mut core = RwLockUpgradableReadGuard::upgrade(core);
            if let Room::After(wait) = core.log.reserve(&commit)? {
                RwLockWriteGuard::unlocked(&mut core, wait)?;
                continue;
            }
            self.close_readers(&mut core);
            core.tree = restored.tree;
            if let Some(checkpoints) = &mut core.checkpoints {
                checkpoints.hurry();
            }
            let (receipt, effects) = (restored.receipt, restored.effects);
            core.publish(commit, receipt, effects, None, &mut woken);
            break receipt;
        };
        for waker in woken {
            waker.wake();
        }
        Ok(Some(receipt))
    }

    /// Gives the file of what was restored its name. An opening does so too, where a crash came
    /// between; a disk that refuses ends the log, lest the next restore takes the file away.
    fn settle(&self, disk: &dyn Disk, receipt: Receipt) {
        let settled = Snapshots::settle_restored(disk, receipt.revision);
        if let (Err(error), Some(group)) = (settled, self.group.get()) {
            group.fail(cannot_restore(&error));
        }
    }
}

fn refused(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::StorageFull => Error::StoreFull(cannot_restore(&error)),
        _ => cannot_restore(&error).into(),
    }
}

fn cannot_restore(error: &io::Error) -> LogError {
    LogError::io("what is restored", "written", error)
}

#[cfg(test)]
mod tests {
    use smallvec::smallvec;

    use super::*;
    use crate::log::Simulated;
    use crate::model::{EntityId, Kind, Schema, Value};
    use crate::store::Store;
    use crate::store::replay::load_restored;

    fn write(store: &Store, id: EntityId, floor: i64) {
        let written = store.transact(|tx| tx.set_value(id, "Floor", Value::Int(floor)));
        written.unwrap();
    }

    /// Restores a store with two rooms, both or one of them, while another writes to both, and opens
    /// it again: before or after what was restored got its name. Returns the floors.
    fn restore_beside_a_writer(only: bool, settle: bool) -> [Value; 2] {
        let disk = Simulated::default();
        let open = || Store::options().open_disk(Arc::new(disk.clone())).unwrap();
        let store = open();
        let schema = Schema::new("Room").field("Floor", Kind::Int);
        let declare = smallvec![Op::SetSchema(Box::new(schema))];
        store.submit_checked(declare, Vec::new()).unwrap();
        let rooms = ["A", "B"].map(|name| {
            let floor = [("Floor", Value::Int(1))];
            let made =
                store.transact(|tx| tx.create_named(EntityId::ROOT, name, "Room", floor.clone()));
            made.unwrap().value
        });
        let image = Arc::new(store.create_snapshot().image());
        let restore = Op::Restore {
            image,
            only: only.then_some(rooms[0]),
        };
        let commit = Commit {
            ops: smallvec![restore],
            ..Commit::default()
        };
        // What is the same as in the image when it is written, and is not when it is replaced.
        let restored = store.shared.prepare(&commit).unwrap();
        let save = |output| save(&restored.tree, restored.end, output, || Ok(()));
        Snapshots::write_restored(&disk, save).unwrap();
        rooms.into_iter().for_each(|room| write(&store, room, 2));
        let receipt = store.shared.replace(commit, restored).unwrap().unwrap();
        if settle {
            store.shared.settle(&disk, receipt);
        }
        let image = store.create_snapshot().image();
        store.close().unwrap();
        for _ in 0..2 {
            let again = open();
            assert_eq!(again.create_snapshot().image(), image);
            again.close().unwrap();
        }
        let floor = |room| store.transact(|tx| tx.value(room, "Floor"));
        rooms.map(|room| floor(room).unwrap().value.unwrap())
    }

    #[test]
    fn what_is_written_meanwhile_is_replaced() {
        for settle in [true, false] {
            let [one, two] = [1, 2].map(Value::Int);
            assert_eq!(
                restore_beside_a_writer(false, settle),
                [one.clone(), one.clone()]
            );
            assert_eq!(restore_beside_a_writer(true, settle), [one, two]);
        }
    }

    #[test]
    fn other_schemas_make_it_begin_anew() {
        let store = Store::memory().unwrap();
        let restore = Op::Restore {
            image: Arc::new(store.create_snapshot().image()),
            only: None,
        };
        let commit = Commit {
            ops: smallvec![restore],
            ..Commit::default()
        };
        let restored = store.shared.prepare(&commit).unwrap();
        let declare = smallvec![Op::SetSchema(Box::new(Schema::new("Room")))];
        store.submit_checked(declare, Vec::new()).unwrap();
        assert_eq!(store.shared.replace(commit.clone(), restored), Ok(None));
        assert_eq!(
            store.shared.restore(commit).map(|done| done.revision),
            Ok(3)
        );
    }

    #[test]
    fn what_another_restore_writes_is_not_taken_for_one_whose_file_is_gone() {
        let disk = Simulated::default();
        let store = Store::options().open_disk(Arc::new(disk.clone())).unwrap();
        let restore = || Commit {
            ops: smallvec![Op::Restore {
                image: Arc::new(store.create_snapshot().image()),
                only: None,
            }],
            ..Commit::default()
        };
        let first = store.shared.restore(restore()).unwrap().revision;
        disk.remove(&Snapshots::restored_name(first)).unwrap();
        let restored = store.shared.prepare(&restore()).unwrap();
        let save = |output| save(&restored.tree, restored.end, output, || Ok(()));
        Snapshots::write_restored(&disk, save).unwrap();
        assert!(load_restored(&disk, first).is_err());
        assert!(load_restored(&disk, first + 1).is_ok());
    }
}
