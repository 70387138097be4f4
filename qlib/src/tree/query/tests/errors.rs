//! What does not fit a query is said, by name.

use super::World;
use crate::model::{
    Condition, EntityId, Error, FieldSchema, Kind, OrderBy, PageToken, Query, Schema, Value,
};

fn world() -> World {
    World::new([Schema::new("Device")
        .field("Status", FieldSchema::choice(["Off", "On"]))
        .field("Temperature", Kind::Float)
        .field("Room", Kind::EntityReference)])
}

fn error(query: Query) -> Error {
    query.run(&world().tree).unwrap_err()
}

fn refusal(condition: Condition) -> String {
    error(Query::new("Device").filter(condition)).to_string()
}

#[test]
fn unknown_names() {
    let query = Query::new("Devise");
    assert_eq!(
        error(query).to_string(),
        "there is no type Devise; did you mean Device?"
    );
    let condition = Condition::field("Statsu").is_unset();
    assert_eq!(
        refusal(condition),
        "Device has no field Statsu; did you mean Status?"
    );
    let query = Query::new("Device").order_by(OrderBy::ascending("Temperatur"));
    assert!(matches!(
        error(query),
        Error::UnknownField {
            suggestion: Some(_),
            ..
        }
    ));
}

#[test]
fn values_of_the_wrong_kind() {
    assert_eq!(
        refusal(Condition::field("Temperature").gt("hot")),
        "the query compares Temperature with \"hot\", which is String; it holds Float",
    );
    let number = Condition::field("Temperature").gt(Value::Float(f64::NAN));
    assert_eq!(
        refusal(number),
        "the query compares Temperature with NaN, which is no number; it holds Float",
    );
    assert_eq!(
        refusal(Condition::field("Status").eq(Value::Choice("Dim".into()))),
        "the query compares Status with Dim, which is none of Off, On; it holds Choice",
    );
    assert!(matches!(
        error(Query::new("Device").filter(!Condition::field("Name").eq(1))),
        Error::Query {
            expected: Kind::String,
            ..
        },
    ));
}

#[test]
fn operators_that_do_not_fit() {
    assert_eq!(
        refusal(Condition::field("Status").lt(Value::Choice("On".into()))),
        "the query asks lt of Status, which holds Choice; its values have no order, ask eq, ne or is_unset",
    );
    assert_eq!(
        refusal(Condition::field("Temperature").contains("8")),
        "the query asks contains of Temperature, which holds Float; only texts and lists contain something",
    );
    assert_eq!(
        refusal(Condition::field("Room").starts_with("8")),
        "the query asks starts_with of Room, which holds EntityReference; only texts start with something",
    );
    assert_eq!(
        refusal(Condition::field("Children").contains(EntityId::ROOT)),
        "the query asks contains of Children, which holds EntityList; ask for the Parent of the children instead",
    );
    let query = Query::new("Device").order_by(OrderBy::ascending("Status"));
    assert_eq!(
        error(query).to_string(),
        "the query asks the order of Status, which holds Choice; only Int, Float, String and Timestamp have one",
    );
}

#[test]
fn conditions_within_conditions_without_end() {
    let deep = (0..200).fold(Condition::field("Room").is_unset(), |inner, _| !inner);
    assert!(matches!(
        error(Query::new("Device").filter(deep)),
        Error::Refused { .. }
    ));
}

#[test]
fn tokens_of_other_queries() {
    let mut world = world();
    for number in 0..4 {
        world.create(
            "Device",
            &[("Temperature", Value::Float(f64::from(number)))],
        );
    }
    let query = Query::new("Device").order_by(OrderBy::ascending("Temperature"));
    let token = query.page(&world.tree, None, 2).unwrap().next.unwrap();
    let page = |query: &Query, token: &PageToken| query.page(&world.tree, Some(token), 2);
    assert_eq!(page(&query, &token).unwrap().hits.len(), 2);
    let text = token.as_str();
    let others = [
        Query::new("Device"),
        Query::new("Device").order_by(OrderBy::descending("Temperature")),
        query.clone().limit(3),
        query
            .clone()
            .filter(Condition::field("Temperature").gt(0.0)),
    ];
    for other in others {
        let error = page(&other, &token).unwrap_err();
        assert_eq!(error, Error::BadPageToken { token: text.into() });
    }
    for bad in [
        "",
        "xyz",
        "0",
        &text[..text.len() - 1],
        &text[..text.len() - 2],
        &format!("{text}00"),
    ] {
        let error = page(&query, &PageToken::from(bad)).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{bad:?} is no page token of this query")
        );
    }
}
