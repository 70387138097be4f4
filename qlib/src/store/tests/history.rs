//! Readers that lag by chance beside a naive record: a full copy of the tree at each revision.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::log::{Simulated, Sizes};
use crate::tree::{Lens, Tree, resolve};

const NAMES: [&str; 4] = ["Hall", "Lamp", "Attic", "x"];
const PATHS: [&str; 5] = [
    "Name",
    "Room->Name",
    "Parent->Name",
    "Hall->Floor",
    "Room->Lamp->Status",
];

/// One step; numbers choose among what there is.
#[derive(Clone, Debug)]
enum Step {
    Create(usize, usize, usize),
    Status(usize, i64),
    Add(usize),
    Note(usize, Option<u8>),
    Room(usize, usize),
    Floor(usize, i64),
    Rename(usize, usize),
    Move(usize, usize),
    Delete(usize),
}

#[derive(Clone, Debug)]
enum Deed {
    Commit(Vec<Step>),
    Snapshot,
    Restore(usize),
    Read(usize, usize),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let any = || 0..64_usize;
    prop_oneof![
        3 => (any(), any(), 0..3_usize).prop_map(|(parent, name, kind)| Step::Create(parent, name, kind)),
        6 => (any(), 0..3_i64).prop_map(|(id, value)| Step::Status(id, value)),
        1 => any().prop_map(Step::Add),
        3 => (any(), proptest::option::of(0..2_u8)).prop_map(|(id, value)| Step::Note(id, value)),
        2 => (any(), any()).prop_map(|(id, room)| Step::Room(id, room)),
        2 => (any(), 0..3_i64).prop_map(|(id, value)| Step::Floor(id, value)),
        3 => (any(), any()).prop_map(|(id, name)| Step::Rename(id, name)),
        3 => (any(), any()).prop_map(|(id, parent)| Step::Move(id, parent)),
        2 => any().prop_map(Step::Delete),
    ]
}

fn deed() -> impl Strategy<Value = Deed> {
    let one = step().prop_map(|step| vec![step]);
    prop_oneof![
        8 => one.prop_map(Deed::Commit),
        6 => proptest::collection::vec(step(), 2..6).prop_map(Deed::Commit),
        1 => Just(Deed::Snapshot),
        1 => (0..8_usize).prop_map(Deed::Restore),
        6 => (0..16_usize, 1..6_usize).prop_map(|(reader, events)| Deed::Read(reader, events)),
        2 => (0..16_usize).prop_map(|reader| Deed::Read(reader, usize::MAX)),
        1 => Just(Deed::Reopen),
    ]
}

/// What a reader must be told of: its kind, and what it saw so far.
struct Watch {
    subscription: Subscription,
    of: &'static str,
    one: Option<EntityId>,
    field: &'static str,
    latest: bool,
    writes: bool,
    initial: bool,
    /// For one that merges: what it saw of each entity.
    saw: BTreeMap<EntityId, Option<Value>>,
    /// For one that does not: what it must still be told.
    owed: BTreeSet<(Revision, EntityId)>,
    first: bool,
}

struct Trial {
    store: Store,
    /// Where it is kept, if not in memory.
    disk: Option<Simulated>,
    window: usize,
    /// The tree at each revision.
    trees: BTreeMap<Revision, Tree>,
    snapshots: Vec<Snapshot>,
    watches: Vec<Watch>,
}

fn value(tree: &Tree, id: EntityId, field: &str) -> Option<Value> {
    let entity = tree.entity(id)?;
    let field = tree.field_id(entity.entity_type(), field).ok()?;
    entity.value(field).unwrap()
}

fn context(tree: &Tree, id: EntityId) -> Vec<Option<Value>> {
    let at = |path: &&str| {
        let (entity, field) = resolve(tree, id, path).ok()?;
        let field = tree
            .field_id(tree.entity(entity)?.entity_type(), &field)
            .ok()?;
        Lens::value(tree, entity, field)
    };
    PATHS.iter().map(at).collect()
}

impl Watch {
    fn describe(&self, store: &Store) -> Subscribe {
        let mut subscribe = store.subscribe_named(self.of, self.field);
        subscribe = PATHS.into_iter().fold(subscribe, Subscribe::context);
        if let Some(one) = self.one {
            subscribe = subscribe.entity(one);
        }
        if self.latest {
            subscribe = subscribe.latest();
        }
        if self.writes {
            subscribe = subscribe.writes();
        }
        if self.initial {
            subscribe = subscribe.initial();
        }
        subscribe
    }

    fn ids(&self, tree: &Tree) -> Vec<EntityId> {
        let of = if self.of.is_empty() {
            vec!["Root", "Room", "Device"]
        } else {
            vec![self.of]
        };
        of.into_iter()
            .flat_map(|name| tree.entities(tree.type_id(name).unwrap()))
            .map(|entity| entity.id())
            .filter(|id| self.one.is_none_or(|one| one == *id))
            .collect()
    }

    /// Whether the field of an entity changed from one tree to the next.
    fn changed(&self, before: &Tree, now: &Tree, id: EntityId) -> bool {
        value(before, id, self.field) != value(now, id, self.field)
            || self.writes && {
                let stamp = |tree: &Tree| {
                    let entity = tree.entity(id)?;
                    let field = tree.field_id(entity.entity_type(), self.field).ok()?;
                    Some(entity.stamp(field).unwrap())
                };
                stamp(before) != stamp(now)
                    && stamp(now).is_some_and(|stamp| stamp.revision == now.revision())
            }
    }
}

/// Opens a store that turns to another file and writes a snapshot every few commits.
fn open(disk: &Simulated, window: usize) -> Store {
    let sizes = Sizes {
        first: 4096,
        most: 4096,
    };
    let options = Store::options().buffered().window(commits(window));
    let options = options.sizes(sizes).snapshot_every(1000);
    let store = options.open_disk(Arc::new(disk.clone())).unwrap();
    let places = Arc::clone(&store.shared.read().replays.as_ref().unwrap().places);
    // There are more readers than places, and each stays away while another one reads.
    places.set_patience(std::time::Duration::ZERO);
    store
}

impl Trial {
    fn new(window: usize, disk: Option<Simulated>) -> Self {
        let store = match &disk {
            Some(disk) => open(disk, window),
            None => Store::memory_with(Clock::current(), commits(window)).unwrap(),
        };
        declare(&store);
        let hall = create(&store, EntityId::ROOT, "Hall", "Room");
        let lamp = create(&store, hall, "Lamp", "Lamp");
        create(&store, EntityId::ROOT, "Lamp", "Device");
        let tree = store.create_snapshot().tree().clone();
        let mut trial = Self {
            trees: BTreeMap::from([(store.revision(), tree)]),
            snapshots: vec![store.create_snapshot()],
            watches: Vec::new(),
            store,
            disk,
            window,
        };
        for (of, one, field) in [
            ("Device", None, "Status"),
            ("Lamp", None, "Note"),
            ("Device", Some(lamp), "Status"),
            ("", None, "Name"),
            ("Device", None, "Parent"),
            ("Room", None, "Floor"),
            ("Device", None, "Room"),
        ] {
            trial.watch(of, one, field, false, false, false);
            trial.watch(of, one, field, true, false, field == "Status");
        }
        trial.watch("Device", None, "Status", false, true, false);
        trial.watch("Device", None, "Note", true, false, true);
        trial
    }

    fn watch(
        &mut self,
        of: &'static str,
        one: Option<EntityId>,
        field: &'static str,
        latest: bool,
        writes: bool,
        initial: bool,
    ) {
        let mut watch = Watch {
            subscription: self.store.subscribe_schemas().start().unwrap(),
            of,
            one,
            field,
            latest,
            writes,
            initial,
            saw: BTreeMap::new(),
            owed: BTreeSet::new(),
            first: initial,
        };
        watch.subscription = watch.describe(&self.store).start().unwrap();
        let (_, tree) = self.trees.last_key_value().unwrap();
        if !initial {
            watch.saw = watch
                .ids(tree)
                .into_iter()
                .map(|id| (id, value(tree, id, field)))
                .collect();
        }
        self.watches.push(watch);
    }

    fn run(&mut self, deed: &Deed) {
        let before = self.store.revision();
        match deed {
            Deed::Commit(steps) => self.commit(steps),
            Deed::Snapshot => self.snapshots.push(self.store.create_snapshot()),
            Deed::Restore(which) => {
                let snapshot = &self.snapshots[which % self.snapshots.len()];
                done(self.store.restore_snapshot(snapshot)).unwrap();
            }
            Deed::Read(reader, events) => {
                let count = self.watches.len();
                self.read(reader % count, *events);
            }
            Deed::Reopen => self.reopen(),
        }
        let revision = self.store.revision();
        if revision == before {
            return;
        }
        let now = self.store.create_snapshot().tree().clone();
        let old = &self.trees[&before];
        for watch in self.watches.iter_mut().filter(|watch| !watch.latest) {
            let changed = watch
                .ids(&now)
                .into_iter()
                .filter(|id| watch.changed(old, &now, *id));
            let owed: Vec<_> = changed.map(|id| (revision, id)).collect();
            watch.owed.extend(owed);
        }
        self.trees.insert(revision, now);
    }

    fn commit(&self, steps: &[Step]) {
        let view = self.store.view();
        let ids: Vec<EntityId> = view
            .tree()
            .image()
            .entities
            .iter()
            .map(|entity| entity.id)
            .collect();
        drop(view);
        let id = |number: &usize| ids[number % ids.len()];
        let name = |number: &usize| NAMES[number % NAMES.len()];
        // Many are refused, for a name that is taken or a field that the type lacks.
        drop(self.store.transaction(|tx| {
            for step in steps {
                match step {
                    Step::Create(parent, called, kind) => {
                        let kind = ["Room", "Device", "Lamp"][*kind];
                        tx.create_named(id(parent), name(called), kind, [])?;
                    }
                    Step::Status(of, value) => tx.set(id(of), STATUS, *value)?,
                    Step::Add(of) => tx.add(id(of), STATUS, 1)?,
                    Step::Note(of, value) => {
                        tx.set(id(of), NOTE, value.map(|value| format!("n{value}")))?;
                    }
                    Step::Room(of, room) => {
                        tx.set_value(id(of), "Room", Value::EntityReference(id(room)))?;
                    }
                    Step::Floor(of, value) => tx.set_value(id(of), "Floor", Value::Int(*value))?,
                    Step::Rename(of, called) => tx.rename(id(of), name(called)),
                    Step::Move(of, parent) => tx.move_to(id(of), id(parent)),
                    Step::Delete(of) => tx.delete(id(of)),
                }
            }
            Ok(())
        }));
    }

    /// Opens the store again; each reader goes on behind its position.
    fn reopen(&mut self) {
        let Some(disk) = self.disk.clone() else {
            return;
        };
        for reader in 0..self.watches.len() {
            let watch = &self.watches[reader];
            let reading = &watch.subscription;
            // A position does not say what a reader that merges saw before others in its view.
            let merges = watch.latest && (reading.base, 0) != (reading.position, reading.offset);
            if watch.first || merges {
                self.read(reader, usize::MAX);
            }
        }
        self.store.close().unwrap();
        self.store = open(&disk, self.window);
        for watch in &mut self.watches {
            let place = watch.subscription.position().to_string();
            let subscribe = watch.describe(&self.store);
            watch.subscription = subscribe.from(place.parse().unwrap()).start().unwrap();
        }
    }

    fn read(&mut self, reader: usize, events: usize) {
        for _ in 0..events {
            let watch = &mut self.watches[reader];
            match next(&mut watch.subscription) {
                Some(Event::Change(change)) => self.check(reader, &change),
                Some(Event::SnapshotEnd { .. }) => watch.first = false,
                Some(Event::Lagged(lagged)) => {
                    assert!(self.disk.is_none(), "the log has it: {lagged:?}");
                    watch.owed.retain(|(revision, _)| *revision >= lagged.next);
                    let tree = &self.trees[&(lagged.next - 1)];
                    let field = watch.field;
                    watch.saw = watch
                        .ids(tree)
                        .into_iter()
                        .map(|id| (id, value(tree, id, field)))
                        .collect();
                }
                Some(Event::Resync { .. }) => {
                    if watch.latest {
                        watch.saw.clear();
                        watch.first = true;
                    }
                }
                None => return self.caught_up(reader),
                Some(Event::Failed(failure)) => panic!("{failure}"),
            }
        }
    }

    fn check(&mut self, reader: usize, change: &Delivery) {
        let first = self.store.shared().read().window.first();
        let watch = &mut self.watches[reader];
        let (id, revision) = (change.id(), change.revision());
        let current = change.current().map(ValueRef::to_value);
        let previous = change.previous().map(ValueRef::to_value);
        let what = format!(
            "{} of {id} at {revision}, latest {}",
            watch.field, watch.latest
        );
        if watch.first {
            assert!(change.is_first_value() && previous.is_none(), "{what}");
            watch.saw.insert(id, current);
            return;
        }
        let now = &self.trees[&revision];
        assert_eq!(current, value(now, id, watch.field), "{what}");
        assert_eq!(change.context(), context(now, id), "{what}");
        if watch.latest {
            let saw = watch.saw.insert(id, current.clone()).flatten();
            // A reader so slow that the window passed what it saw is told the oldest that is left.
            let oldest = self.trees.get(&(first - 1));
            let oldest = oldest.filter(|_| first > 1 && self.disk.is_none());
            let oldest = oldest.map(|oldest| value(oldest, id, watch.field));
            if oldest.as_ref() != Some(&previous) {
                assert_eq!(previous, saw, "{what}");
                assert!(previous != current, "{what}");
            }
        } else {
            let before = &self.trees[&(revision - 1)];
            assert_eq!(previous, value(before, id, watch.field), "{what}");
            let first = watch.owed.first().map(|(revision, _)| *revision);
            assert_eq!(first, Some(revision), "{what}");
            assert!(watch.owed.remove(&(revision, id)), "{what}");
        }
    }

    fn caught_up(&mut self, reader: usize) {
        let watch = &mut self.watches[reader];
        let (revision, tree) = self.trees.last_key_value().unwrap();
        assert_eq!(watch.subscription.position().revision(), *revision);
        assert_eq!(watch.owed, BTreeSet::new(), "{}", watch.field);
        if watch.latest {
            watch.saw.retain(|id, _| tree.entity(*id).is_some());
            for id in watch.ids(tree) {
                let saw = watch.saw.get(&id).cloned().flatten();
                assert_eq!(saw, value(tree, id, watch.field), "{} of {id}", watch.field);
            }
        }
    }
}

/// What a tree holds, whatever the order of siblings.
fn held(tree: &Tree) -> Vec<crate::model::ImageEntity> {
    let mut entities = tree.image().entities;
    entities.sort_by_key(|entity| entity.id);
    entities
}

fn run(window: usize, disk: Option<Simulated>, deeds: &[Deed]) {
    let mut trial = Trial::new(window, disk);
    for deed in deeds {
        trial.run(deed);
    }
    for (revision, tree) in &trial.trees {
        match trial.store.at(*revision) {
            Ok(snapshot) => assert_eq!(held(snapshot.tree()), held(tree)),
            Err(Error::OutOfReach { oldest, newest, .. }) if trial.disk.is_none() => {
                assert!(*revision < oldest && trial.store.at(oldest).is_ok());
                assert_eq!(newest, trial.store.revision());
            }
            Err(error) => panic!("{error}"),
        }
    }
    for reader in 0..trial.watches.len() {
        trial.read(reader, usize::MAX);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn readers_see_what_the_record_says(deeds in proptest::collection::vec(deed(), 1..60)) {
        run(1_000_000, None, &deeds);
    }

    #[test]
    fn those_that_the_window_passes_are_told(deeds in proptest::collection::vec(deed(), 1..80)) {
        run(8, None, &deeds);
    }
}

proptest! {
    // Each reader that falls behind gets threads: these take longer.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn those_that_the_window_passes_read_the_log(deeds in proptest::collection::vec(deed(), 1..80)) {
        run(4, Some(Simulated::default()), &deeds);
    }
}
