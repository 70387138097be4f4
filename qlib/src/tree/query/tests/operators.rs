//! Every operator on every kind, with and without a value.

use super::World;
use crate::model::{
    Condition, EntityId, FieldSchema, Kind, Op, OrderBy, Query, Schema, Timestamp, Value,
};

const OPERATORS: [&str; 6] = ["eq", "ne", "lt", "le", "gt", "ge"];

fn compare(field: &str, operator: &str, value: Value) -> Condition {
    let field = Condition::field(field);
    match operator {
        "eq" => field.eq(value),
        "ne" => field.ne(value),
        "lt" => field.lt(value),
        "le" => field.le(value),
        "gt" => field.gt(value),
        _ => field.ge(value),
    }
}

/// Three entities whose field `F` holds `low`, `high` and nothing; with and without an index.
fn worlds(
    field: FieldSchema,
    low: &Value,
    high: &Value,
) -> Vec<(World, EntityId, EntityId, EntityId)> {
    let can_index = !matches!(field.kind, Kind::BinaryFile | Kind::EntityList);
    let indexed = can_index.then(|| field.clone().index());
    [Some(field), indexed]
        .into_iter()
        .flatten()
        .map(|field| {
            let mut world = World::new([Schema::new("T").field("F", field)]);
            let low = world.create("T", &[("F", low.clone())]);
            let high = world.create("T", &[("F", high.clone())]);
            let unset = world.create("T", &[]);
            (world, low, high, unset)
        })
        .collect()
}

/// Checks equality and presence, and with `ordered` the order too.
fn check(field: FieldSchema, low: Value, high: Value, ordered: bool) {
    for (world, a, b, unset) in worlds(field, &low, &high) {
        let on = |condition| world.passing("T", condition);
        for operator in OPERATORS.into_iter().take(if ordered { 6 } else { 2 }) {
            let expected = match operator {
                "eq" => (vec![a], vec![b]),
                "ne" => (vec![b], vec![a]),
                "lt" => (vec![], vec![a]),
                "le" => (vec![a], vec![a, b]),
                "gt" => (vec![b], vec![]),
                _ => (vec![a, b], vec![b]),
            };
            let contrary = |passing: &Vec<_>| {
                [a, b]
                    .into_iter()
                    .filter(|id| !passing.contains(id))
                    .collect::<Vec<_>>()
            };
            for (value, expected) in [(&low, expected.0), (&high, expected.1)] {
                let condition = compare("F", operator, value.clone());
                assert_eq!(on(condition.clone()), expected, "{operator} {value:?}");
                assert_eq!(
                    on(!condition),
                    contrary(&expected),
                    "not {operator} {value:?}"
                );
            }
        }
        let field = || Condition::field("F");
        assert_eq!(on(field().is_unset()), [unset]);
        assert_eq!(on(!field().is_unset()), [a, b]);
        assert_eq!(on(field().is_set()), [a, b]);
        assert_eq!(on(!field().is_set()), [unset]);
        assert_eq!(on(field().one_of([low.clone(), high.clone()])), [a, b]);
        assert_eq!(on(!field().one_of([low.clone()])), [b]);
        assert_eq!(on(field().one_of(Vec::<Value>::new())), []);
    }
}

#[test]
fn ints() {
    check(Kind::Int.into(), Value::Int(-3), Value::Int(0), true);
    check(
        Kind::Int.into(),
        Value::Int(i64::MIN),
        Value::Int(i64::MAX),
        true,
    );
}

#[test]
fn floats() {
    check(
        Kind::Float.into(),
        Value::Float(-1.5),
        Value::Float(0.0),
        true,
    );
    check(
        Kind::Float.into(),
        Value::Float(f64::NEG_INFINITY),
        Value::Float(f64::INFINITY),
        true,
    );
}

#[test]
fn there_is_one_zero() {
    for (world, zero, one, _) in worlds(Kind::Float.into(), &Value::Float(-0.0), &Value::Float(1.0))
    {
        let on = |condition| world.passing("T", condition);
        for value in [0.0, -0.0] {
            assert_eq!(on(Condition::field("F").eq(value)), [zero]);
            assert_eq!(on(Condition::field("F").ge(value)), [zero, one]);
            assert_eq!(on(Condition::field("F").gt(value)), [one]);
            assert_eq!(on(Condition::field("F").lt(value)), []);
        }
    }
}

#[test]
fn strings() {
    check(Kind::String.into(), "".into(), "a".into(), true);
    check(
        Kind::String.into(),
        "hall".into(),
        "hall of the mountain king, second floor".into(),
        true,
    );
}

#[test]
fn bools() {
    check(
        Kind::Bool.into(),
        Value::Bool(false),
        Value::Bool(true),
        false,
    );
}

#[test]
fn bytes() {
    check(
        Kind::BinaryFile.into(),
        Value::from(&b""[..]),
        Value::from(&b"\0"[..]),
        false,
    );
}

#[test]
fn times_differ_by_a_nanosecond() {
    let time = |nanos| Value::Timestamp(Timestamp::from_nanos(nanos));
    check(
        Kind::Timestamp.into(),
        time(1_767_225_600_000_000_000),
        time(1_767_225_600_000_000_001),
        true,
    );
}

#[test]
fn scripts() {
    let script = |text: &str| Value::Transformation(text.into());
    check(Kind::Transformation.into(), script("1"), script("2"), false);
}

#[test]
fn choices() {
    let choice = |name: &str| Value::Choice(name.into());
    check(
        FieldSchema::choice(["Off", "On", "Dim"]),
        choice("On"),
        choice("Off"),
        false,
    );
}

#[test]
fn references_and_lists() {
    for kind in [Kind::EntityReference, Kind::EntityList] {
        let mut world = World::new([Schema::new("T").field("F", kind)]);
        let unset = world.create("T", &[]);
        let value = |id: EntityId| match kind {
            Kind::EntityReference => Value::EntityReference(id),
            _ => Value::from(vec![id, EntityId::ROOT]),
        };
        let a = world.create("T", &[("F", value(EntityId::ROOT))]);
        let b = world.create("T", &[("F", value(unset))]);
        let on = |condition| world.passing("T", condition);
        let field = || Condition::field("F");
        assert_eq!(on(field().eq(value(unset))), [b]);
        assert_eq!(on(field().ne(value(unset))), [a]);
        assert_eq!(on(!field().eq(value(unset))), [a]);
        assert_eq!(on(field().eq(value(EntityId::from_u128(7)))), []);
        assert_eq!(on(field().ne(value(EntityId::from_u128(7)))), [a, b]);
        assert_eq!(on(field().is_unset()), [unset]);
        if kind == Kind::EntityList {
            assert_eq!(on(field().contains(EntityId::ROOT)), [a, b]);
            assert_eq!(on(field().contains(unset)), [b]);
            assert_eq!(on(!field().contains(unset)), [a]);
        }
    }
}

#[test]
fn texts_contain_and_start() {
    let long = format!("{}needle{}", "ab".repeat(60), "é".repeat(9));
    for kind in [Kind::String, Kind::Transformation] {
        let value = |text: &str| match kind {
            Kind::String => Value::String(text.into()),
            _ => Value::Transformation(text.into()),
        };
        for (world, a, b, _) in worlds(kind.into(), &value("aé-b"), &value(&long)) {
            let on = |condition| world.passing("T", condition);
            let field = || Condition::field("F");
            assert_eq!(on(field().contains("é")), [a, b]);
            assert_eq!(on(field().contains("é-")), [a]);
            assert_eq!(on(field().contains("needle")), [b]);
            assert_eq!(on(field().contains("aé-b?")), []);
            assert_eq!(on(field().contains("")), [a, b]);
            assert_eq!(on(!field().contains("needle")), [a]);
            assert_eq!(on(field().starts_with("a")), [a, b]);
            assert_eq!(on(field().starts_with("ab")), [b]);
            assert_eq!(on(field().starts_with("")), [a, b]);
            assert_eq!(on(!field().starts_with("ab")), [a]);
        }
    }
}

#[test]
fn system_fields() {
    let mut world = World::new([Schema::new("T")]);
    let a = world.create("T", &[("Description", "an a".into())]);
    let b = world.create("T", &[]);
    world.write(a, "Name", Some("alpha".into()));
    world.write(b, "Name", Some("beta".into()));
    world.step(Op::Move { id: b, parent: a }).unwrap();
    let on = |condition| world.passing("T", condition);
    let field = Condition::field;
    assert_eq!(on(field("Name").eq("alpha")), [a]);
    assert_eq!(on(!field("Name").eq("alpha")), [b]);
    assert_eq!(on(field("Name").gt("alpha")), [b]);
    assert_eq!(
        on(field("Name")
            .starts_with("be")
            .or(field("Name").contains("ph"))),
        [a, b]
    );
    assert_eq!(on(field("Name").is_set()), [a, b]);
    assert_eq!(on(field("Name").is_unset()), []);
    assert_eq!(on(field("Description").eq("an a")), [a]);
    assert_eq!(on(field("Description").is_unset()), [b]);
    assert_eq!(on(field("Parent").eq(a)), [b]);
    assert_eq!(on(field("Parent").ne(a)), [a]);
    assert_eq!(on(field("Parent").eq(b)), []);
    let roots = |condition| world.passing("Root", condition);
    assert_eq!(roots(field("Parent").is_unset()), [EntityId::ROOT]);
    assert_eq!(roots(field("Parent").ne(a)), []);
    assert_eq!(roots(!field("Parent").eq(a)), []);
    assert_eq!(roots(field("Children").is_set()), [EntityId::ROOT]);
    let by_name = Query::new("T").order_by(OrderBy::descending("Name"));
    assert_eq!(world.ids(&by_name), [b, a]);
}

#[test]
fn a_column_that_was_never_written_is_unset() {
    let mut world = World::new([Schema::new("T").field("F", Kind::Int)]);
    let all: Vec<_> = (0..600).map(|_| world.create("T", &[])).collect();
    assert_eq!(world.passing("T", Condition::field("F").is_unset()), all);
    assert_eq!(world.passing("T", Condition::field("F").ne(1)), []);
    world.write(all[599], "F", Some(Value::Int(1)));
    assert_eq!(
        world.passing("T", Condition::field("F").is_set()),
        [all[599]]
    );
    assert_eq!(world.passing("T", Condition::default()), all);
}

#[test]
fn what_has_no_value_comes_last() {
    let mut world = World::new([Schema::new("T").field("F", Kind::Float)]);
    let unset = world.create("T", &[]);
    let high = world.create("T", &[("F", Value::Float(2.0))]);
    let low = world.create("T", &[("F", Value::Float(-2.0))]);
    let same = world.create("T", &[("F", Value::Float(2.0))]);
    let query = |order| Query::new("T").order_by(order);
    let ascending = query(OrderBy::ascending("F"));
    assert_eq!(world.ids(&ascending), [low, high, same, unset]);
    let descending = query(OrderBy::descending("F"));
    assert_eq!(world.ids(&descending), [high, same, low, unset]);
    assert_eq!(world.ids(&descending.clone().limit(2)), [high, same]);
    assert_eq!(world.ids(&descending.clone().limit(0)), []);
    assert_eq!(descending.limit(3).count(&world.tree).unwrap(), 3);
}
