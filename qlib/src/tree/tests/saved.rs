//! Saving and loading: what comes back goes on as what was saved, and what is no tree is refused.

use prost::Message;

use crate::model::{Commit, Create, EntityId, FieldSchema, Kind, Op, Schema, Timestamp, Value};
use crate::tree::Tree;
use crate::tree::saved::{Load, Part};
use crate::wire::Malformed;
use crate::wire::proto::snapshot as proto;

/// The parts of a tree, through their bytes.
fn parts(tree: &Tree) -> Vec<Part> {
    let mut parts = Vec::new();
    tree.save(3, 4, &mut |part| {
        let bytes = proto::Part { part: Some(part) }.encode_to_vec();
        parts.push(proto::Part::decode(&*bytes)?.part.unwrap());
        Ok::<_, prost::DecodeError>(())
    })
    .unwrap();
    parts
}

fn load(parts: Vec<Part>) -> Result<Tree, Malformed> {
    let mut parts = parts.into_iter();
    let Some(Part::Header(header)) = parts.next() else {
        return Err(Malformed("no header"));
    };
    let mut load = Load::new(header)?;
    parts.try_for_each(|part| load.take(part))?;
    load.finish()
}

/// The tree that comes back.
pub(super) fn reload(tree: &Tree) -> Tree {
    let loaded = load(parts(tree)).unwrap();
    assert_eq!(loaded.fields, tree.fields);
    assert_eq!(loaded.writers, tree.writers);
    assert_eq!(loaded.fences, tree.fences);
    assert_eq!((loaded.used, &loaded.free), (tree.used, &tree.free));
    let slots = |tree: &Tree| {
        let slots = tree
            .types
            .iter()
            .map(|table| (table.used, table.free.clone()));
        slots.collect::<Vec<_>>()
    };
    assert_eq!(slots(&loaded), slots(tree));
    loaded
}

/// A tree with two types, freed numbers, references and indexes.
fn sample() -> Tree {
    let mut tree = Tree::default();
    let device = Schema::new("Device")
        .field("Serial", FieldSchema::new(Kind::String).unique())
        .field("Room", FieldSchema::reference("Room"))
        .field(
            "Mode",
            FieldSchema {
                choices: vec!["Off".into(), "On".into()],
                ..FieldSchema::new(Kind::Choice)
            },
        )
        .field("Others", Kind::EntityList);
    let room = Schema::new("Room").field("Note", Kind::String);
    apply(
        &mut tree,
        [room, device].map(|schema| Op::SetSchema(Box::new(schema))),
    );
    let [room, device] = ["Room", "Device"].map(|name| tree.type_id(name).unwrap());
    let create = |number: u128, entity_type, parent: u128, values: Vec<_>| {
        let id = |number| match number {
            0 => EntityId::ROOT,
            other => EntityId::from_u128(other),
        };
        Op::Create(Box::new(Create {
            id: id(number),
            entity_type,
            parent: id(parent),
            name: format!("e{number}").into(),
            values: values.into(),
        }))
    };
    let held = |number: i32| {
        let field = |name| tree.field_id(device, name).unwrap();
        let hall = EntityId::from_u128(1);
        vec![
            (field("Serial"), Value::String(number.to_string().into())),
            (field("Room"), Value::EntityReference(hall)),
            (field("Mode"), Value::Choice("On".into())),
            (field("Others"), Value::EntityList([hall].as_slice().into())),
        ]
    };
    let ops = [
        create(0, room, 0, vec![]),
        create(1, room, 0, vec![]),
        create(2, device, 1, held(2)),
        create(3, device, 1, held(3)),
        create(4, device, 1, held(4)),
    ];
    apply(&mut tree, ops);
    apply(&mut tree, [Op::Delete(EntityId::from_u128(3))]);
    tree
}

fn apply(tree: &mut Tree, ops: impl IntoIterator<Item = Op>) {
    let commit = Commit {
        ops: ops.into_iter().collect(),
        ..Commit::default()
    };
    let revision = tree.revision() + 1;
    tree.apply(&commit, revision, Timestamp::EPOCH).unwrap();
}

/// What loading says when the parts are changed first.
fn refusal(change: impl Fn(&mut Part)) -> &'static str {
    let mut parts = parts(&sample());
    parts.iter_mut().for_each(change);
    load(parts).unwrap_err().0
}

fn exchange(numbers: &mut [i64], old: i64, new: i64) {
    for number in numbers.iter_mut().filter(|number| **number == old) {
        *number = new;
    }
}

#[test]
fn what_is_no_tree_is_refused() {
    assert_eq!(load(parts(&sample())).map(|tree| tree.len()), Ok(4));
    let header = |change: fn(&mut proto::Header)| {
        refusal(move |part| {
            if let Part::Header(header) = part {
                change(header)
            }
        })
    };
    let entities = |change: fn(&mut proto::Entities)| {
        refusal(move |part| {
            if let Part::Entities(entities) = part {
                change(entities)
            }
        })
    };
    let family = |change: fn(&mut proto::Family)| {
        refusal(move |part| {
            if let Part::Families(families) = part {
                change(&mut families.families[0])
            }
        })
    };
    let column = |change: fn(&mut proto::Column)| {
        refusal(move |part| {
            if let Part::Column(column) = part {
                change(column)
            }
        })
    };
    let free = |change: fn(&mut proto::Free)| {
        refusal(move |part| {
            if let Part::Free(free) = part {
                change(free)
            }
        })
    };
    let few = "not as many entities as its header says";
    let node = "a node is neither used nor free, or both";
    let slot = "a slot is neither used nor free, or both";
    assert_eq!(header(|header| header.entities += 1), few);
    assert_eq!(header(|header| header.nodes += 1), node);
    assert_eq!(header(|header| header.types[0].slots += 1), slot);
    assert_eq!(header(|header| header.limits = None), "no limits");
    assert_eq!(
        header(|header| header.writers.clear()),
        "the first writer has a name"
    );
    assert_eq!(
        header(|header| header.fields.truncate(4)),
        "a field without a number"
    );
    assert_eq!(
        header(|header| header.types[1].schema.as_mut().unwrap().base = Some("Device".into())),
        "a type that extends itself"
    );
    assert_eq!(
        header(|header| header.types[1].schema.as_mut().unwrap().base = Some("Ghost".into())),
        "a type that extends an unknown one"
    );
    assert_eq!(
        entities(|entities| entities.high.clear()),
        "fewer entities than slots"
    );
    assert_eq!(
        entities(|entities| entities.first += 1),
        "an entity in a slot that its type lacks"
    );
    assert_eq!(
        entities(|entities| entities.nodes[0] = 99),
        "an entity in a node that was never used"
    );
    assert_eq!(
        entities(|entities| entities.nodes[0] = 1),
        "two entities in one place"
    );
    assert_eq!(
        entities(|entities| entities.low[1..].fill(2)),
        "two entities of one id"
    );
    assert_eq!(
        entities(|entities| entities.names = "e".repeat(entities.names.len())),
        "two children of one name"
    );
    assert_eq!(
        family(|family| family.parent = 3),
        "children of an entity that stands nowhere"
    );
    assert_eq!(
        family(|family| family.children.push(0)),
        "a child that is no entity, or stands elsewhere"
    );
    assert_eq!(free(|free| free.numbers.clear()), node);
    assert_eq!(
        free(|free| free.numbers.retain(|_| free.r#type.is_none())),
        slot
    );
    assert_eq!(
        free(|free| free.numbers = vec![1; 99]),
        "more is free than was ever used"
    );
    assert_eq!(
        column(|column| column.field = 77),
        "a column that its type lacks"
    );
    assert_eq!(
        column(|column| column.first = 9),
        "a value in a slot that its type lacks"
    );
    assert_eq!(
        column(|column| column.lengths.clear()),
        "fewer values than stamps"
    );
    assert_eq!(
        column(|column| exchange(&mut column.numbers, 2, 4)),
        "a reference to an entity that does not exist"
    );
    assert_eq!(
        column(|column| exchange(&mut column.numbers, 1, 2)),
        "a variant that the type lacks"
    );
    assert_eq!(
        column(|column| column.low.fill(3)),
        "a reference to an entity that does not exist"
    );
    assert_eq!(
        column(|column| column.text = "x".repeat(column.text.len())),
        "two entities hold the same value of a unique field"
    );
    let stamps = |change: fn(&mut proto::Stamps)| {
        refusal(move |part| {
            if let Part::Entities(entities) = part {
                change(entities.placed.as_mut().unwrap())
            }
        })
    };
    assert_eq!(
        stamps(|stamps| stamps.revisions.clear()),
        "fewer stamps than marks"
    );
    assert_eq!(
        stamps(|stamps| stamps.writers.fill(9 << 2)),
        "a stamp of an unknown writer"
    );
    assert_eq!(
        stamps(|stamps| stamps.marks = vec![9; 2].into()),
        "a mark of a newer version"
    );
}
