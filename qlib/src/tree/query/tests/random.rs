//! The evaluator beside a filter that asks each entity.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::World;
use crate::model::{
    Condition, EntityId, FieldSchema, Kind, Op, Operator, OrderBy, Query, Schema, Timestamp, Value,
};
use crate::tree::EntityRef;

const KINDS: [(&str, Kind); 10] = [
    ("Int", Kind::Int),
    ("Float", Kind::Float),
    ("Text", Kind::String),
    ("Bool", Kind::Bool),
    ("Bytes", Kind::BinaryFile),
    ("Ref", Kind::EntityReference),
    ("Time", Kind::Timestamp),
    ("Script", Kind::Transformation),
    ("Choice", Kind::Choice),
    ("List", Kind::EntityList),
];

/// `Base` has the first half of the fields, `Thing` the others too, `Alien` has other ones.
fn schemas(indexed: bool) -> [Schema; 3] {
    let field = |kind| {
        let field = match kind {
            Kind::Choice => FieldSchema::choice(["A", "B", "C"]),
            kind => FieldSchema::new(kind),
        };
        match kind {
            Kind::BinaryFile | Kind::EntityList => field,
            _ if indexed => field.index(),
            _ => field,
        }
    };
    let with = |schema: Schema, kinds: &[(&str, Kind)]| {
        kinds.iter().fold(schema, |schema, (name, kind)| {
            schema.field(*name, field(*kind))
        })
    };
    [
        with(Schema::new("Base"), &KINDS[..5]),
        with(Schema::new("Thing").extends("Base"), &KINDS[5..]),
        with(Schema::new("Alien"), &KINDS),
    ]
}

/// The `n`th of a few values, so that some are equal.
fn value(kind: Kind, n: u8) -> Value {
    let texts = [
        "",
        "a",
        "ab",
        "abc",
        "b",
        "a text of more than twenty-three bytes",
        "é",
        "ba",
    ];
    let text = texts[usize::from(n) % texts.len()];
    let n = i64::from(n % 5) - 2;
    let id = [
        EntityId::ROOT,
        EntityId::from_u128(100),
        EntityId::from_u128(101),
    ][(n + 2) as usize % 3];
    match kind {
        Kind::Int => Value::Int(n),
        Kind::Float => Value::Float(n as f64 / 2.0),
        Kind::String => Value::String(text.into()),
        Kind::Bool => Value::Bool(n > 0),
        Kind::BinaryFile => Value::from(text.as_bytes()),
        Kind::EntityReference => Value::EntityReference(id),
        Kind::Timestamp => Value::Timestamp(Timestamp::from_nanos(n)),
        Kind::Transformation => Value::Transformation(text.into()),
        Kind::Choice => Value::Choice(["A", "B", "C"][(n + 2) as usize % 3].into()),
        Kind::EntityList => Value::from(vec![id; (n + 2) as usize]),
    }
}

/// A small generator: the same seed gives both worlds the same entities.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 20) % sides) as u8
    }
}

fn world(seed: u64, entities: usize, indexed: bool) -> World {
    let mut world = World::new(schemas(indexed));
    let mut dice = Dice(seed | 1);
    for id in [100, 101] {
        world.create_as(EntityId::from_u128(id), "Root", &[]);
    }
    let mut ids = Vec::new();
    for _ in 0..entities {
        let (entity_type, kinds) = match dice.roll(4) {
            0 => ("Base", &KINDS[..5]),
            1 => ("Alien", &KINDS[..]),
            _ => ("Thing", &KINDS[..]),
        };
        let values: Vec<_> = kinds
            .iter()
            .filter_map(|(name, kind)| {
                let n = dice.roll(10);
                (n < 8).then(|| (*name, value(*kind, n)))
            })
            .collect();
        let random = u128::from(dice.0) << 16 | 1 << 80 | ids.len() as u128;
        ids.push(world.create_as(EntityId::from_u128(random), entity_type, &values));
        // Slots are left, refilled and unset.
        match dice.roll(8) {
            0 => {
                let gone = ids.swap_remove(usize::from(dice.roll(200)) % ids.len());
                world.step(Op::Delete(gone)).unwrap();
            }
            1 => {
                let (name, kind) = KINDS[usize::from(dice.roll(5))];
                let value = (dice.roll(2) == 0).then(|| value(kind, dice.roll(8)));
                world.write(ids[usize::from(dice.roll(200)) % ids.len()], name, value);
            }
            _ => {}
        }
    }
    world
}

fn condition() -> impl Strategy<Value = Condition> {
    let compare = (0..KINDS.len(), 0..7u8, 0..10u8).prop_map(|(at, operator, n)| {
        let (name, kind) = KINDS[at];
        let field = Condition::field(name);
        if operator == 6 {
            return field.is_unset();
        }
        match (kind, operator) {
            (Kind::String | Kind::Transformation, 2) => field.contains(value(Kind::String, n)),
            (Kind::String | Kind::Transformation, 3) => field.starts_with(value(Kind::String, n)),
            (Kind::EntityList, 2) => field.contains(value(Kind::EntityReference, n)),
            (kind, _) if kind.is_ordered() => {
                let all = [
                    Operator::Eq,
                    Operator::Ne,
                    Operator::Lt,
                    Operator::Le,
                    Operator::Gt,
                    Operator::Ge,
                ];
                field.compare(all[usize::from(operator)], value(kind, n))
            }
            (kind, 0..3) => field.eq(value(kind, n)),
            (kind, _) => field.ne(value(kind, n)),
        }
    });
    let parent =
        (0..3u8).prop_map(|n| Condition::field("Parent").eq(value(Kind::EntityReference, n)));
    let name = (0..600u16).prop_map(|n| Condition::field("Name").lt(format!("{n:04}")));
    let leaf = prop_oneof![12 => compare, 1 => parent, 1 => name];
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            2 => prop::collection::vec(inner.clone(), 0..4).prop_map(Condition::Every),
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Condition::Any),
            1 => inner.prop_map(Condition::not),
        ]
    })
}

/// Whether the entity passes, or, if it is not `wanted`, passes the contrary.
fn passes(entity: EntityRef<'_>, condition: &Condition, wanted: bool) -> bool {
    let held = |name: &str| {
        let field = entity.tree().field_id(entity.entity_type(), name).unwrap();
        entity.value(field).unwrap()
    };
    match condition {
        Condition::Not(inner) => passes(entity, inner, !wanted),
        Condition::Every(parts) if wanted => parts.iter().all(|part| passes(entity, part, true)),
        Condition::Every(parts) => parts.iter().any(|part| passes(entity, part, false)),
        Condition::Any(parts) if wanted => parts.iter().any(|part| passes(entity, part, true)),
        Condition::Any(parts) => parts.iter().all(|part| passes(entity, part, false)),
        Condition::IsUnset { field } => held(field).is_none() == wanted,
        Condition::Compare {
            field,
            operator,
            value,
        } => held(field).is_some_and(|held| compares(&held, *operator, value) == wanted),
    }
}

fn compares(held: &Value, operator: Operator, value: &Value) -> bool {
    let order = held.as_ref().compare(value.as_ref());
    let text = |value: &Value| match value {
        Value::String(text) | Value::Transformation(text) => text.to_string(),
        other => panic!("{other:?} is no text"),
    };
    match (operator, held, value) {
        (Operator::Eq, ..) => held == value,
        (Operator::Ne, ..) => held != value,
        (Operator::Lt, ..) => order == Some(Ordering::Less),
        (Operator::Le, ..) => order.is_some_and(Ordering::is_le),
        (Operator::Gt, ..) => order == Some(Ordering::Greater),
        (Operator::Ge, ..) => order.is_some_and(Ordering::is_ge),
        (Operator::Contains, Value::EntityList(ids), Value::EntityReference(id)) => {
            ids.contains(id)
        }
        (Operator::Contains, ..) => text(held).contains(&text(value)),
        (Operator::StartsWith, ..) => text(held).starts_with(&text(value)),
    }
}

/// What a query for `Thing` should give.
fn naive(world: &World, query: &Query) -> Vec<EntityId> {
    let tree = &world.tree;
    let thing = world.type_id(&query.entity_type);
    let mut found: Vec<_> = tree
        .entities(thing)
        .filter(|entity| passes(*entity, &query.condition, true))
        .collect();
    found.sort_by(|a, b| {
        let by_id = a.id().cmp(&b.id());
        let Some(order) = &query.order else {
            return by_id;
        };
        let key = |entity: &EntityRef<'_>| {
            entity
                .value(tree.field_id(thing, &order.field).unwrap())
                .unwrap()
        };
        let by_key = match (key(a), key(b)) {
            (Some(a), Some(b)) if order.descending => b.as_ref().compare(a.as_ref()).unwrap(),
            (Some(a), Some(b)) => a.as_ref().compare(b.as_ref()).unwrap(),
            (a, b) => a.is_none().cmp(&b.is_none()),
        };
        by_key.then(by_id)
    });
    found
        .into_iter()
        .map(EntityRef::id)
        .take(query.limit.unwrap_or(usize::MAX))
        .collect()
}

fn order() -> impl Strategy<Value = Option<OrderBy>> {
    let field = prop::sample::select(vec!["Int", "Float", "Text", "Time", "Name"]);
    prop::option::of(
        (field, any::<bool>()).prop_map(|(field, descending)| OrderBy {
            field: field.into(),
            descending,
        }),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn finds_what_a_filter_finds_with_and_without_an_index(
        seed: u64,
        entities in 0usize..900,
        queries in prop::collection::vec((condition(), order(), prop::option::weighted(0.2, 0usize..50)), 24),
    ) {
        let (plain, indexed) = (world(seed, entities, false), world(seed, entities, true));
        for (condition, order, limit) in queries {
            let query = Query { entity_type: "Thing".into(), condition, order, limit };
            let expected = naive(&plain, &query);
            prop_assert_eq!(plain.ids(&query), expected.clone(), "{:?}", &query);
            prop_assert_eq!(indexed.ids(&query), expected.clone(), "indexed: {:?}", &query);
            prop_assert_eq!(query.count(&plain.tree).unwrap(), expected.len());
            let contrary = Query { condition: !!query.condition.clone(), ..query };
            prop_assert_eq!(plain.ids(&contrary), expected);
        }
        for base in ["Base", "Thing", "Alien"] {
            let all = Query::new(base);
            prop_assert_eq!(plain.ids(&all), naive(&plain, &all));
        }
    }
}
