//! A clone is a snapshot: it stays as it was, and costs the writer the chunks that it writes.

use std::collections::BTreeSet;

use crate::model::{
    Commit, Create, EntityId, FieldSchema, Kind, Op, Quality, Schema, Timestamp, Value, Write,
    WriteMode,
};
use crate::tree::Tree;
use crate::tree::chunked::CHUNK;

const LAMPS: usize = 2000;

fn lamp(number: usize) -> EntityId {
    EntityId::from_u128(1000 + number as u128)
}

fn write(tree: &Tree, number: usize, field: &str, value: i64) -> Op {
    let lamps = tree.type_id("Lamp").unwrap();
    Op::Write(Write {
        id: lamp(number),
        field: tree.field_id(lamps, field).unwrap(),
        value: Some(Value::Int(value)),
        mode: WriteMode::Always,
        quality: Quality::Good,
    })
}

fn apply(tree: &mut Tree, ops: impl IntoIterator<Item = Op>) {
    let commit = Commit {
        ops: ops.into_iter().collect(),
        ..Commit::default()
    };
    let revision = tree.revision() + 1;
    tree.apply(&commit, revision, Timestamp::EPOCH).unwrap();
}

/// Lamps in the slots 0, 1, 2 ….
fn lamps() -> Tree {
    let mut tree = Tree::default();
    let schema = Schema::new("Lamp")
        .field("On", FieldSchema::new(Kind::Int).default_value(0i64))
        .field("Dim", FieldSchema::new(Kind::Int).default_value(0i64));
    apply(&mut tree, [Op::SetSchema(Box::new(schema))]);
    let entity_type = tree.type_id("Lamp").unwrap();
    let create = |id, name: String| {
        Op::Create(Box::new(Create {
            id,
            entity_type,
            parent: EntityId::ROOT,
            name: name.into(),
            values: [].into(),
        }))
    };
    let lamps = (1..LAMPS).map(|number| create(lamp(number), format!("lamp {number}")));
    apply(
        &mut tree,
        std::iter::once(create(EntityId::ROOT, "Root".into())).chain(lamps),
    );
    tree
}

#[test]
fn a_writer_copies_the_chunks_that_it_writes_and_no_other() {
    let mut tree = lamps();
    let held = tree.clone();
    let mut written = BTreeSet::new();
    for step in 0..300 {
        let number = 1 + step * 7919 % (LAMPS - 1);
        let field = if step % 3 == 0 { "Dim" } else { "On" };
        let op = write(&tree, number, field, step as i64);
        apply(&mut tree, [op]);
        written.insert((field, number / CHUNK));
        assert_eq!(tree.unshared_column_chunks(&held), written.len());
        if step == 3 {
            assert!(written.len() < 2 * LAMPS / CHUNK);
        }
    }
    for number in 1..LAMPS {
        let on = tree.field_id(tree.type_id("Lamp").unwrap(), "On").unwrap();
        assert_eq!(
            held.entity(lamp(number)).unwrap().value(on),
            Ok(Some(Value::Int(0)))
        );
    }
}

#[test]
fn a_refused_commit_copies_no_more_than_it_wrote() {
    let mut tree = lamps();
    let held = tree.clone();
    let commit = Commit {
        ops: [write(&tree, 1, "On", 1), Op::Delete(EntityId::from_u128(7))]
            .into_iter()
            .collect(),
        ..Commit::default()
    };
    assert!(tree.apply(&commit, 99, Timestamp::EPOCH).is_err());
    assert!(tree.unshared_column_chunks(&held) <= 1);
}

#[test]
fn a_new_field_copies_nothing() {
    let mut tree = lamps();
    let held = tree.clone();
    let mut schema = tree.schema(tree.type_id("Lamp").unwrap()).clone();
    schema = schema.field("Hue", Kind::Int);
    apply(&mut tree, [Op::SetSchema(Box::new(schema))]);
    assert_eq!(tree.unshared_column_chunks(&held), 0);
}
