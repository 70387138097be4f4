//! Export and import.

use crate::model::{
    Commit, EntityId, Error, FieldSchema, Image, Kind, Op, Quality, Schema, Timestamp, Value,
};
use crate::tree::{Imported, Tree};

fn export(tree: &Tree, top: EntityId) -> String {
    let mut text = Vec::new();
    let entity = tree.existing(top).unwrap();
    tree.export(entity, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

fn import(tree: &Tree, text: &str) -> Result<Image, Error> {
    let imported = Imported::read(tree, text.as_bytes(), &"tool".into())?;
    let Op::Restore { image, .. } = imported.op(Timestamp::from_nanos(1)) else {
        unreachable!()
    };
    Ok(tree.exchanged(image.entities.clone()))
}

/// The image without qualities, which an import sets.
fn plain(mut image: Image) -> Image {
    let fields = image
        .entities
        .iter_mut()
        .flat_map(|entity| &mut entity.fields);
    fields.for_each(|field| field.quality = Quality::Good);
    image
}

/// What is exported and imported, all of it or what is below an entity, is what is there.
pub(super) fn there_and_back(tree: &Tree) {
    let image = plain(tree.image());
    for entity in &image.entities {
        let text = export(tree, entity.id);
        assert_eq!(import(tree, &text).map(plain), Ok(image.clone()), "{text}");
    }
}

/// A room with a lamp that holds something of each kind.
fn house() -> Tree {
    let mut tree = Tree::default();
    let lamp = Kind::ALL
        .into_iter()
        .fold(Schema::new("Lamp"), |lamp, kind| {
            let mut field = FieldSchema::new(kind);
            if kind == Kind::Choice {
                field.choices = vec!["Off".into(), "On".into()];
            }
            lamp.field(kind.name(), field)
        });
    let schemas = [Schema::new("Room"), lamp].map(|schema| Op::SetSchema(Box::new(schema)));
    apply(&mut tree, schemas);
    let [room, lamp] = ["Room", "Lamp"].map(|name| tree.type_id(name).unwrap());
    let values = [
        Value::Int(i64::MAX),
        Value::Float(f64::NEG_INFINITY),
        Value::String("\"Küche\"\n\\ \u{1} 😀".into()),
        Value::Bool(true),
        Value::BinaryFile([0, 171].as_slice().into()),
        Value::EntityReference(EntityId::ROOT),
        Value::Timestamp(Timestamp::from_nanos(-1)),
        Value::Transformation("1 + 1".into()),
        Value::Choice("On".into()),
        Value::EntityList([id(1), EntityId::ROOT].as_slice().into()),
    ];
    let fields = Kind::ALL.map(|kind| tree.field_id(lamp, kind.name()).unwrap());
    let create = |id, entity_type, parent, name: &str, values: Vec<_>| {
        Op::Create(Box::new(crate::model::Create {
            id,
            entity_type,
            parent,
            name: name.into(),
            values: values.into(),
        }))
    };
    let commit = [
        create(EntityId::ROOT, room, EntityId::ROOT, "Root", vec![]),
        create(id(1), room, EntityId::ROOT, "Kitchen", vec![]),
        create(
            id(2),
            lamp,
            id(1),
            "Lamp",
            fields.into_iter().zip(values).collect(),
        ),
        create(id(3), room, id(1), "Corner", vec![]),
    ];
    apply(&mut tree, commit);
    tree
}

fn id(number: u128) -> EntityId {
    EntityId::from_u128(number)
}

fn apply(tree: &mut Tree, ops: impl IntoIterator<Item = Op>) {
    let commit = Commit {
        ops: ops.into_iter().collect(),
        ..Commit::default()
    };
    let revision = tree.revision() + 1;
    tree.apply(&commit, revision, Timestamp::EPOCH).unwrap();
}

const KITCHEN: &str = r#"{
  "id": "00000000-0000-0000-0000-000000000001",
  "type": "Room",
  "name": "Kitchen",
  "parent": "00000000-0000-7000-8000-000000000001",
  "children": [
    {
      "id": "00000000-0000-0000-0000-000000000002",
      "type": "Lamp",
      "name": "Lamp",
      "fields": {
        "Int": 9223372036854775807,
        "Float": "-inf",
        "String": "\"Küche\"\n\\ \u0001 😀",
        "Bool": true,
        "BinaryFile": "00ab",
        "EntityReference": "00000000-0000-7000-8000-000000000001",
        "Timestamp": "1969-12-31T23:59:59.999999999Z",
        "Transformation": "1 + 1",
        "Choice": "On",
        "EntityList": ["00000000-0000-0000-0000-000000000001", "00000000-0000-7000-8000-000000000001"]
      }
    },
    {
      "id": "00000000-0000-0000-0000-000000000003",
      "type": "Room",
      "name": "Corner"
    }
  ]
}
"#;

#[test]
fn one_field_a_line() {
    let tree = house();
    let text = export(&tree, id(1));
    assert_eq!(text, KITCHEN);
    there_and_back(&tree);
}

#[test]
fn people_may_write_it_their_way() {
    let tree = house();
    let text = KITCHEN
        .replace('\n', " \r\n\t")
        .replace("Küche", "K\\u00fcche")
        .replace('😀', "\\ud83d\\ude00")
        .replace(
            "\"name\": \"Corner\"",
            "\"name\":\"Corner\",\"children\":[]",
        );
    assert_eq!(import(&tree, &text), import(&tree, KITCHEN));
}

#[test]
fn what_is_wrong_is_named() {
    let tree = house();
    let cases = [
        (
            "\"Int\": 9223372036854775807",
            "\"Int\": 1.5",
            "line 12 of the import, Int of Lamp: write a whole number of 64 bits",
        ),
        (
            "\"Float\": \"-inf\"",
            "\"Float\": nan",
            "line 13 of the import, Float of Lamp: nan is no number",
        ),
        (
            "\"Bool\": true",
            "\"Bool\": 1",
            "line 15 of the import, Bool of Lamp: write true or false",
        ),
        (
            "\"00ab\"",
            "\"00a\"",
            "line 16 of the import, BinaryFile of Lamp: write two hexadecimal digits a byte",
        ),
        (
            "\"Choice\"",
            "\"Chioce\"",
            "line 20 of the import, Chioce of Lamp: Lamp has no field Chioce; did you mean Choice?",
        ),
        (
            "\"Transformation\"",
            "\"Choice\"",
            "line 20 of the import, Choice of Lamp: it is given twice",
        ),
        (
            "\"type\": \"Lamp\"",
            "\"type\": \"Lump\"",
            "line 9 of the import: there is no type Lump; did you mean Lamp?",
        ),
        (
            "\"name\": \"Lamp\"",
            "\"nmae\": \"Lamp\"",
            "line 10 of the import: an entity has no key \"nmae\" here",
        ),
        (
            "      \"type\": \"Room\",\n      \"name\": \"Corner\"",
            "      \"name\": \"Corner\"",
            "line 27 of the import, Corner: an entity has a type",
        ),
        (
            "-000000000003\"",
            "-00000000000\"",
            "line 25 of the import: \"00000000-0000-0000-0000-00000000000\" is no entity id; write a UUID",
        ),
        (
            "    },\n    {",
            "    }\n    {",
            "line 24 of the import, Lamp: after a child stands a comma or ]",
        ),
        (
            "  \"parent\": \"00000000-0000-7000-8000-000000000001\",\n",
            "",
            "line 5 of the import, Kitchen: the first entity names its parent, or is the Root",
        ),
        (
            "  ]\n}\n",
            "  ]\n",
            "line 30 of the import, Corner: } is missing",
        ),
        (
            "  ]\n}\n",
            "  ]\n}}\n",
            "line 30 of the import, Corner: something follows the last }",
        ),
        (
            "\\\\ ",
            "\\x ",
            "line 14 of the import, String of Lamp: after \\ stands one of \" \\ / b f n r t u",
        ),
        (
            "\"1 + 1\"",
            "\"1 +\n 1\"",
            "line 19 of the import, Transformation of Lamp: a string ends on its line; write \\n",
        ),
    ];
    for (right, wrong, expected) in cases {
        assert!(KITCHEN.contains(right), "{right}");
        let text = KITCHEN.replacen(right, wrong, 1);
        let error = import(&tree, &text).unwrap_err().to_string();
        assert_eq!(error, format!("{expected}; nothing was imported"));
    }
    // Cut anywhere, it is no import, and no panic.
    for (end, _) in KITCHEN.trim_end().char_indices() {
        assert!(import(&tree, &KITCHEN[..end]).is_err(), "cut at {end}");
    }
}
