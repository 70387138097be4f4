//! Queries on a store, a view of it and a transaction.

use std::cell::RefCell;

use crate::model::{Entity, Result};
use crate::store::{Store, Transaction, View};
use crate::tree::{Found, Select, Source, Tree};

impl Store {
    /// Begins a query for entities of type `E` and of those that extend it. By names it is
    /// `Query::new("Device")…ids(&store)`.
    ///
    /// ```
    /// use qlib::{Condition, Kind, Query, Schema, Store};
    /// let store = Store::memory()?;
    /// store.set_schema(Schema::new("Device").field("Temperature", Kind::Float));
    /// let hot = Query::new("Device").filter(Condition::field("Temperature").gt(80.0));
    /// assert_eq!(hot.count(&store)?, 0);
    /// # Ok::<(), qlib::Error>(())
    /// ```
    pub fn select<E: Entity>(&self) -> Select<&Self, E> {
        Select::new(self)
    }
}

impl Source for Store {
    fn view<R>(&self, read: impl FnOnce(&Tree) -> Result<R>) -> Result<R> {
        read(self.view().tree())
    }

    fn snapshot<R>(&self, read: impl FnOnce(&Tree) -> Result<R>) -> Result<R> {
        read(self.create_snapshot().tree())
    }
}

impl View<'_> {
    /// Begins a query for entities of type `E` and of those that extend it.
    pub fn select<E: Entity>(&self) -> Select<&Tree, E> {
        Select::new(self.tree())
    }
}

impl<'a> Transaction<'a> {
    /// Begins a query for entities of type `E` and of those that extend it. It sees the
    /// transaction's own writes; the commit is accepted only if the hits are still as they were.
    pub fn select<E: Entity>(&mut self) -> Select<RefCell<&mut Self>, E> {
        Select::new(RefCell::new(self))
    }
}

impl Source for RefCell<&mut Transaction<'_>> {
    const NOTES: bool = true;

    fn view<R>(&self, read: impl FnOnce(&Tree) -> Result<R>) -> Result<R> {
        read(self.borrow_mut().tree()?)
    }

    fn note(&self, found: Found) {
        let mut transaction = self.borrow_mut();
        for id in found.ids {
            transaction.expect_existence(id);
            for field in &found.fields {
                transaction.expect_field(id, *field);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Condition, EntityId, Expect, Kind, Query, Schema, Value};

    fn store() -> Store {
        let store = Store::memory().unwrap();
        drop(store.set_schema(Schema::new("Device").field("Level", Kind::Int)));
        store
    }

    fn create(tx: &mut Transaction<'_>, name: &str, level: i64) -> EntityId {
        let level = [("Level", Value::Int(level))];
        tx.create_named(EntityId::ROOT, name, "Device", level)
            .unwrap()
    }

    #[test]
    fn a_transaction_sees_its_own_writes_and_expects_the_hits_to_stay() {
        let store = store();
        let mut old = EntityId::ROOT;
        drop(store.transaction(|tx| {
            old = create(tx, "old", 7);
            create(tx, "low", 1);
            Ok(())
        }));
        let high = Query::new("Device").filter(Condition::field("Level").ge(5));
        assert_eq!(high.ids(&store).unwrap(), [old]);

        let mut tx = Transaction::begin(store.shared());
        let new = create(&mut tx, "new", 8);
        assert_eq!(high.ids(&RefCell::new(&mut tx)).unwrap(), [old, new]);
        let (_, expect, _) = tx.finish();
        let view = store.view();
        let level = view.entity(old).unwrap();
        let field = level.tree().field_id(level.entity_type(), "Level").unwrap();
        let revision = level.stamp(field).unwrap().revision;
        assert!(expect.contains(&Expect::Exists {
            id: old,
            exists: true
        }));
        assert!(expect.contains(&Expect::Field {
            id: old,
            field,
            revision
        }));
        assert_eq!(expect.len(), 3, "{expect:?}");
    }
}
