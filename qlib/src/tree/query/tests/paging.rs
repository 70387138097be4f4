//! Pages while the data changes.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::World;
use crate::model::{Condition, EntityId, Kind, Op, OrderBy, Query, Schema, Value};

fn schema() -> Schema {
    Schema::new("T")
        .field("Shown", Kind::Bool)
        .field("Int", Kind::Int)
        .field("Text", Kind::String)
}

fn fill(world: &mut World, id: u64, n: i64) {
    let mut values = vec![("Shown", Value::Bool(true))];
    if n >= 0 {
        values.push(("Int", Value::Int(n)));
        values.push(("Text", Value::String(format!("text {n}").into())));
    }
    let id = EntityId::from_u128(u128::from(id) << 32 | 2);
    if world.tree.entity(id).is_none() {
        world.create_as(id, "T", &values);
    }
}

/// What happens between two pages: to which entity, and how.
#[derive(Clone, Copy, Debug)]
enum Event {
    Create(u64, i64),
    Delete(usize),
    Show(usize, bool),
    Order(usize, i64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (any::<u64>(), -1..6i64).prop_map(|(id, n)| Event::Create(id, n)),
        (0..40usize).prop_map(Event::Delete),
        (0..40usize, any::<bool>()).prop_map(|(at, shown)| Event::Show(at, shown)),
        (0..40usize, 0..6i64).prop_map(|(at, n)| Event::Order(at, n)),
    ]
}

fn apply(world: &mut World, ids: &[EntityId], event: Event) -> Option<EntityId> {
    let at = match event {
        Event::Create(id, n) => {
            fill(world, id, n);
            return None;
        }
        Event::Delete(at) | Event::Show(at, _) | Event::Order(at, _) => at,
    };
    // The other half stays as it is.
    let id = *ids
        .get(at * 2)
        .filter(|id| world.tree.entity(**id).is_some())?;
    match event {
        Event::Create(..) => {}
        Event::Delete(_) => world.step(Op::Delete(id)).unwrap(),
        Event::Show(_, shown) => world.write(id, "Shown", Some(Value::Bool(shown))),
        Event::Order(_, n) => {
            world.write(id, "Int", Some(Value::Int(n)));
            world.write(id, "Text", Some(Value::String(format!("text {n}").into())));
        }
    }
    Some(id)
}

proptest! {
    #[test]
    fn what_stays_comes_once(
        start in prop::collection::vec((any::<u64>(), -1..6i64), 0..80),
        order in prop::option::of((prop::sample::select(vec!["Int", "Text", "Name"]), any::<bool>())),
        size in 1..9usize,
        events in prop::collection::vec(prop::collection::vec(event(), 0..6), 0..12),
    ) {
        let mut world = World::new([schema()]);
        for (id, n) in start {
            fill(&mut world, id, n);
        }
        let mut query = Query::new("T").filter(Condition::field("Shown").eq(true));
        if let Some((field, descending)) = order {
            query = query.order_by(OrderBy { field: field.into(), descending });
        }
        let before = world.ids(&query);
        let mut events = events.into_iter();
        let (mut touched, mut times) = (BTreeSet::new(), BTreeMap::<EntityId, usize>::new());
        let (mut token, mut stayed) = (None, Vec::new());
        loop {
            let page = query.page(&world.tree, token.as_ref(), size).unwrap();
            prop_assert!(page.hits.len() <= size);
            for id in page.hits {
                *times.entry(id).or_default() += 1;
                stayed.push(id);
            }
            token = page.next;
            if token.is_none() {
                break;
            }
            for event in events.next().unwrap_or_default() {
                touched.extend(apply(&mut world, &before, event));
            }
        }
        let untouched = |id: &EntityId| !touched.contains(id);
        for id in before.iter().filter(|id| untouched(id)) {
            prop_assert_eq!(times.get(id), Some(&1), "{} once", id);
        }
        for (id, times) in times {
            prop_assert!(times == 1 || !untouched(&id), "{} came {} times", id, times);
        }
        stayed.retain(|id| before.contains(id) && untouched(id));
        prop_assert_eq!(stayed, before.into_iter().filter(untouched).collect::<Vec<_>>());
    }

    #[test]
    fn pages_are_the_whole(
        start in prop::collection::vec((any::<u64>(), -1..6i64), 0..60),
        descending: bool,
        size in 0..9usize,
        limit in prop::option::of(0..40usize),
    ) {
        let mut world = World::new([schema()]);
        for (id, n) in start {
            fill(&mut world, id, n);
        }
        let query = Query { limit, ..Query::new("T").order_by(OrderBy { field: "Text".into(), descending }) };
        let (mut all, mut token) = (Vec::new(), None);
        loop {
            let page = query.page(&world.tree, token.as_ref(), size).unwrap();
            all.extend(page.hits);
            token = page.next;
            if token.is_none() {
                break;
            }
        }
        prop_assert_eq!(all, world.ids(&query));
    }
}
