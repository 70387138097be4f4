use proptest::prelude::*;

use crate::model::{
    Access, EntityId, Error, FieldSchema, HistoryPolicy, Kind, OnDelete, Schema, Scope, Timestamp,
    Value,
};
use std::time::Duration;

fn value(kind: Kind) -> BoxedStrategy<Value> {
    let id = || any::<u128>().prop_map(EntityId::from_u128);
    match kind {
        Kind::Int => any::<i64>().prop_map(Value::Int).boxed(),
        Kind::Float => any::<f64>()
            .prop_filter("a number", |number| !number.is_nan())
            .prop_map(Value::Float)
            .boxed(),
        Kind::String => any::<String>().prop_map(Value::from).boxed(),
        Kind::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Kind::BinaryFile => any::<Vec<u8>>().prop_map(Value::from).boxed(),
        Kind::EntityReference => id().prop_map(Value::EntityReference).boxed(),
        Kind::Timestamp => any::<i64>()
            .prop_map(|nanos| Value::Timestamp(Timestamp::from_nanos(nanos)))
            .boxed(),
        Kind::Transformation => any::<String>()
            .prop_map(|text| Value::Transformation(text.into()))
            .boxed(),
        Kind::Choice => any::<String>()
            .prop_map(|text| Value::Choice(text.into()))
            .boxed(),
        Kind::EntityList => prop::collection::vec(id(), 0..3)
            .prop_map(Value::from)
            .boxed(),
    }
}

fn field() -> impl Strategy<Value = FieldSchema> {
    let kind = prop::sample::select(Kind::ALL.to_vec());
    kind.prop_flat_map(|kind| {
        let value = || prop::option::of(value(kind));
        let texts = || prop::collection::vec("\\PC{0,4}", 0..3);
        let rules = [OnDelete::Refuse, OnDelete::Unset, OnDelete::Cascade];
        let history = (any::<u64>(), prop::option::of(any::<u64>()), any::<bool>());
        (
            (Just(kind), value(), value(), value(), any::<[bool; 7]>()),
            (texts(), texts(), any::<Option<u32>>(), any::<i32>()),
            (any::<[String; 4]>(), prop::sample::select(rules.to_vec())),
            prop::option::of(history),
        )
    })
    .prop_map(
        |((kind, default, min, max, flags), (choices, was, most, rank), (texts, rule), history)| {
            let [unit, doc, role, pattern] = texts.map(Into::into);
            let mut field = FieldSchema {
                default,
                required: flags[0],
                unique: flags[1],
                index: flags[2],
                choices: choices.into_iter().map(Into::into).collect(),
                was: was.into_iter().map(Into::into).collect(),
                pattern: flags[3].then_some(pattern),
                max_length: most.map(|most| most as usize),
                scope: if flags[4] {
                    Scope::Configuration
                } else {
                    Scope::Runtime
                },
                access: Access {
                    read: None,
                    write: flags[5].then_some(role),
                },
                history: history.map(|(keep, least, band)| HistoryPolicy {
                    keep: Duration::from_nanos(keep),
                    min_interval: least.map(Duration::from_nanos),
                    deadband: band.then_some(0.1),
                }),
                on_delete: rule,
                rank,
                unit,
                doc,
                ..FieldSchema::new(kind)
            };
            if let (Some(min), true) = (min, kind.is_ordered()) {
                let mut range = crate::model::Range::new::<Value>(min..);
                if let Some(max) = max {
                    range.max = if flags[6] {
                        std::ops::Bound::Excluded(max)
                    } else {
                        std::ops::Bound::Included(max)
                    };
                }
                field.range = Some(range);
            }
            field
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read(fields in prop::collection::vec(field(), 0..4), names in any::<[String; 3]>()) {
        let [name, base, doc] = names;
        let mut schema = Schema::new(name).extends(base).doc(doc).was("Older");
        for (number, field) in fields.into_iter().enumerate() {
            schema = schema.field(format!("F.{number}"), field);
        }
        let text = Schema::write_all(std::slice::from_ref(&schema));
        prop_assert_eq!(Schema::read_all(&text), Ok(vec![schema]), "{}", text);
    }
}

#[test]
fn what_is_wrong_names_its_line() {
    let cases = [
        ("kind = \"Int\"", 1, "a heading is missing"),
        ("[A.B]", 1, "the type A has no heading"),
        ("[A]\n[A.B]\nrank = 1", 2, "first line is its kind"),
        ("[A]\n[A.B]\nkind = \"Integer\"", 2, "one of Int, Float"),
        ("# x\n[A]\nbase = \"B\"", 3, "a type has no key base"),
        (
            "[A]\n[A.B]\nkind = \"Int\"\ndefault = 1.5",
            4,
            "default takes",
        ),
        (
            "[A]\n[A.B]\nkind = \"Int\"\nrank = 1\nrank = 1",
            5,
            "rank is given twice",
        ),
        (
            "[A]\n[A.B]\nkind = \"Int\"\nhistory_keep = \"1 week\"",
            4,
            "a time such as",
        ),
        ("[A]\ndoc = \"x", 2, "ends with a quote"),
        ("[A]\ndoc = \"\\x\"", 2, "after `\\`"),
        ("[A.B.C]", 1, "[Type] or [Type.Field]"),
        ("[A]\nwas = [\"a\" \"b\"]", 2, "a comma is missing"),
    ];
    for (text, at, says) in cases {
        match Schema::read_all(text) {
            Err(Error::SchemaFile { line, reason }) => {
                assert_eq!(line, at, "{text}");
                assert!(reason.contains(says), "{reason}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}
