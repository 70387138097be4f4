//! Random types, what entities hold, and random other types: a plan that was accepted is carried
//! out, leaves every value readable, and what it does not name as it was.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;
use qlib::prelude::*;
use qlib::{FieldSchema, Image, Kind, Schema, SchemaStep, Value, plan};

use crate::wanted;

const NAMES: [&str; 5] = ["A", "B", "C", "D", "E"];
const TYPES: [&str; 3] = ["Thing", "Special", "Other"];

fn values(kind: Kind) -> Vec<Value> {
    match kind {
        Kind::Int => [0, 1, 7, -7, i64::MAX].map(Value::Int).to_vec(),
        Kind::Float => [0.0, 1.5, -7.0, f64::INFINITY].map(Value::Float).to_vec(),
        Kind::Bool => [true, false].map(Value::Bool).to_vec(),
        Kind::Choice => ["On", "Off", "Dim"]
            .map(|name| Value::Choice(name.into()))
            .to_vec(),
        Kind::EntityReference => vec![Value::EntityReference(EntityId::ROOT)],
        _ => ["", "On", "Off", "longer"].map(Value::from).to_vec(),
    }
}

fn field() -> impl Strategy<Value = FieldSchema> {
    let kinds = [
        Kind::Int,
        Kind::Float,
        Kind::Bool,
        Kind::Choice,
        Kind::EntityReference,
        Kind::String,
    ];
    (select(kinds.to_vec()), any::<[u8; 7]>()).prop_map(|(kind, dice)| {
        let variants: &[_] =
            [&["On", "Off"][..], &["Dim", "Off", "On"], &["On"]][usize::from(dice[0] % 3)];
        let mut field = match kind {
            Kind::Choice => FieldSchema::choice(variants.iter().copied()),
            _ => FieldSchema::new(kind),
        };
        let percent = |at: usize, percent: u8| dice[at] % 100 < percent;
        let refers = kind == Kind::EntityReference;
        if percent(1, 30) {
            field = field.required();
        }
        (field.unique, field.index) = (percent(2, 15), percent(3, 30));
        if percent(4, 40) && !refers && !field.unique {
            field.default = values(kind).get(usize::from(dice[5] % 2)).cloned();
        }
        field = match kind {
            Kind::Int if percent(6, 30) => field.range(-5..=5),
            Kind::Float if percent(6, 30) => field.range(..2.0),
            Kind::String if percent(6, 30) => field.max_length(3),
            Kind::EntityReference if percent(6, 30) => {
                field.target = Some(TYPES[usize::from(dice[5] % 3)].into());
                field
            }
            _ => field,
        };
        field
    })
}

fn schemas() -> impl Strategy<Value = Vec<Schema>> {
    let fields = || prop::collection::btree_map(select(&NAMES[..]), field(), 0..4);
    let types = prop::collection::vec((fields(), any::<[u8; 2]>()), TYPES.len());
    types.prop_map(|types| {
        let schema = |(name, (fields, dice)): (&&str, (BTreeMap<&str, FieldSchema>, [u8; 2]))| {
            let mut schema = Schema::new(*name);
            if *name == "Special" && dice[0] % 4 > 0 {
                schema = schema.extends("Thing");
            }
            for (name, mut field) in fields {
                if dice[1].is_multiple_of(3) {
                    field = field.was(NAMES[usize::from(dice[0]) % NAMES.len()]);
                    field.was.retain(|was| was != name);
                }
                schema = schema.field(name, field);
            }
            schema
        };
        TYPES.iter().zip(types).map(schema).collect()
    })
}

/// Types that differ from those before in some of their fields.
fn mixed(before: &[Schema], mut after: Vec<Schema>, dice: &[u8]) -> Vec<Schema> {
    let mut dice = dice.iter().cycle();
    for (schema, before) in after.iter_mut().zip(before) {
        for field in &before.fields {
            if dice.next().is_some_and(|die| die % 3 > 0) {
                schema.fields.retain(|other| other.name != field.name);
                schema.fields.push(field.clone());
            }
        }
        if dice.next().is_some_and(|die| die % 3 > 0) {
            schema.base.clone_from(&before.base);
        }
    }
    after
}

/// A store with these types and up to as many entities as there are dice: those that are refused are
/// left out.
fn filled(schemas: &[Schema], dice: &[[u8; 6]]) -> Option<Store> {
    let store = Store::memory().ok()?;
    let commit = |commit: qlib::CommitFuture| qlib_tests::run(async { commit.await.ok() });
    commit(store.transaction(|tx| {
        schemas
            .iter()
            .for_each(|schema| tx.set_schema(schema.clone()));
        Ok(())
    }))?;
    for (number, dice) in dice.iter().enumerate() {
        let schema = &schemas[usize::from(dice[0]) % schemas.len()];
        let base = schemas
            .iter()
            .find(|base| schema.base.as_ref() == Some(&base.name));
        let fields = base
            .into_iter()
            .chain([schema])
            .flat_map(|schema| &schema.fields);
        let given = fields
            .zip(dice.iter().cycle().skip(1))
            .filter_map(|(field, die)| {
                let values = values(field.kind);
                let value = values.get(usize::from(*die) % (values.len() + 1)).cloned();
                Some((field.name.as_str(), value?))
            });
        let given: Vec<_> = given.collect();
        // Refused where a value does not fit.
        let _ = commit(store.transaction(|tx| {
            tx.create_named(
                EntityId::ROOT,
                format!("{number}"),
                &schema.name,
                given.clone(),
            )?;
            Ok(())
        }));
    }
    Some(store)
}

/// What each field of each entity holds, with the time and the writer of it.
fn held(image: &Image) -> BTreeMap<(EntityId, String), String> {
    let entities = image.entities.iter();
    let fields = entities.flat_map(|entity| {
        entity.fields.iter().map(|field| {
            let place = (entity.id, field.name.to_string());
            (
                place,
                format!(
                    "{:?} {} {} {:?}",
                    field.value, field.time, field.writer, field.quality
                ),
            )
        })
    });
    fields.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_accepted_plan_keeps_what_it_does_not_name(
        before in schemas(),
        after in schemas(),
        dice in prop::collection::vec(any::<[u8; 6]>(), 0..8),
        kept in any::<[u8; 7]>(),
        allow_removal: bool,
    ) {
        let Some(store) = filled(&before, &dice) else {
            return Ok(());
        };
        let mut wanted = wanted(mixed(&before, after, &kept));
        wanted.allow_removal = allow_removal;
        let was = store.create_snapshot();
        let Ok(made) = plan(was.tree(), &wanted) else {
            return Ok(());
        };
        let done = qlib_tests::run(async { store.writing_as("migration").migrate(&made).await });
        prop_assert_eq!(done, Ok(()), "{}", made);
        let rest = plan(store.create_snapshot().tree(), &wanted).unwrap();
        prop_assert!(rest.is_empty(), "left to do: {}", rest);

        // What it names: by the name of now, those that it was, and those that are new to look at.
        let mut touched = Vec::new();
        let mut renamed = BTreeMap::new();
        for step in made.steps() {
            match step {
                SchemaStep::RenameField { entity_type, field, was } => {
                    renamed.insert((entity_type.clone(), was.clone()), field.clone());
                }
                SchemaStep::ConvertField { entity_type, field, .. }
                | SchemaStep::RemoveField { entity_type, field, .. } => {
                    touched.push((entity_type.clone(), field.clone()));
                }
                _ => {}
            }
        }
        let (old, new) = (was.image(), store.create_snapshot().image());
        let now = held(&new);
        for entity in &old.entities {
            let lineage: Vec<_> = old.schemas.iter().filter(|schema| {
                schema.name == entity.entity_type
                    || old.schemas.iter().any(|own| own.name == entity.entity_type && own.base.as_ref() == Some(&schema.name))
            }).collect();
            for (place, value) in held(&Image { entities: vec![entity.clone()], schemas: Vec::new() }) {
                let name = place.1.as_str();
                let declared_by = lineage.iter().find(|schema| schema.fields.iter().any(|field| field.name == name));
                let Some(declared_by) = declared_by else { continue };
                let key = (declared_by.name.clone(), name.into());
                let name_now = renamed.get(&key).cloned().unwrap_or(key.1.clone());
                if touched.contains(&(key.0.clone(), name_now.clone())) {
                    continue;
                }
                prop_assert_eq!(now.get(&(entity.id, name_now.to_string())), Some(&value), "{} of {:?}\n{}", name, entity, made);
            }
        }
        // A store that had never known the types of before takes what there is now.
        let fresh = Store::memory().unwrap();
        let restored = qlib_tests::run(async { fresh.restore_snapshot(&store.create_snapshot()).await });
        prop_assert_eq!(restored, Ok(()));
    }
}
