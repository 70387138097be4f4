//! Each mistake gives a typed error that names the entity and the field, and changes nothing.

use std::time::Duration;

use super::model::Model;
use super::ops::{Condition, Deed, Step};
use super::{compare, integrity};
use crate::model::{
    Access, EntityId, Error, FieldSchema, HistoryPolicy, Kind, Limits, OnDelete, Quality, Schema,
    Timestamp, Value, WriteMode,
};
use crate::tree::{Tree, resolve};

const LAMP: EntityId = EntityId::from_u128(101);
const HALL: EntityId = EntityId::from_u128(102);
const PLUG: EntityId = EntityId::from_u128(103);
const NOBODY: EntityId = EntityId::from_u128(104);

/// `/Hall/Lamp` and `/Plug`, which refers to the hall and refuses to lose it.
struct House {
    tree: Tree,
    model: Model,
}

fn create(id: EntityId, entity_type: &str, parent: EntityId, name: &str) -> Step {
    let values = match entity_type {
        "Lamp" => vec![("Power".to_owned(), Value::Choice("Off".into()))],
        "Plug" => vec![("Room".to_owned(), Value::EntityReference(HALL))],
        _ => Vec::new(),
    };
    Step::Create {
        id,
        entity_type: entity_type.into(),
        parent,
        name: name.into(),
        values,
    }
}

fn write_as(id: EntityId, field: &str, value: Option<Value>, mode: WriteMode) -> Step {
    Step::Write {
        id,
        field: field.into(),
        value,
        mode,
        quality: Quality::Good,
    }
}

fn write(id: EntityId, field: &str, value: impl Into<Value>) -> Step {
    write_as(id, field, Some(value.into()), WriteMode::Always)
}

impl House {
    fn new() -> Self {
        let lamp = Schema::new("Lamp")
            .field("Power", FieldSchema::choice(["Off", "On"]).required())
            .field(
                "Level",
                FieldSchema::new(Kind::Int)
                    .range(0i64..=100)
                    .default_value(50i64),
            )
            .field("Heat", Kind::Float)
            .field(
                "Code",
                FieldSchema::new(Kind::String)
                    .pattern("[a-c]*")
                    .max_length(3)
                    .unique(),
            )
            .field("Script", Kind::Transformation)
            .field("Near", FieldSchema::reference("Room"));
        let plug = Schema::new("Plug").field("Room", FieldSchema::reference("Room").required());
        let room = Schema::new("Room").field("Tags", Kind::EntityList);
        let schemas = [Schema::new("Root"), room, lamp, plug];
        let mut steps: Vec<_> = schemas.into_iter().map(Step::SetSchema).collect();
        steps.push(create(EntityId::ROOT, "Root", EntityId::ROOT, "Root"));
        steps.push(create(HALL, "Room", EntityId::ROOT, "Hall"));
        steps.push(create(LAMP, "Lamp", HALL, "Lamp"));
        steps.push(create(PLUG, "Plug", EntityId::ROOT, "Plug"));
        let mut house = Self {
            tree: Tree::default(),
            model: Model::default(),
        };
        house.apply(steps).unwrap();
        house
    }

    fn apply(&mut self, steps: Vec<Step>) -> Result<(), Error> {
        self.apply_deed(&Deed::new(steps))
    }

    fn apply_deed(&mut self, deed: &Deed) -> Result<(), Error> {
        let (revision, time) = (self.tree.revision() + 1, Timestamp::from_nanos(7));
        let outcome = self.tree.apply(&deed.commit(&self.tree), revision, time);
        if outcome.is_ok() {
            self.model.apply(deed, revision, time).unwrap();
        }
        compare::state(&self.tree, &self.model);
        integrity::check(&self.tree);
        outcome.map(|_| ())
    }

    /// The message of a commit that does something first and makes a mistake then.
    fn refuses(&mut self, mistake: Step) -> String {
        let steps = vec![
            write(LAMP, "Level", 7i64),
            create(EntityId::from_u128(110), "Room", HALL, "Corner"),
            Step::Move {
                id: PLUG,
                parent: HALL,
            },
            mistake,
        ];
        let error = self.apply(steps).unwrap_err();
        assert!(
            error.is_permanent()
                || matches!(error, Error::Missing { .. } | Error::Expectation { .. })
        );
        error.to_string()
    }
}

macro_rules! refused {
    ($($mistake:expr => $($part:literal),+;)*) => {{
        let mut house = House::new();
        $(
            let message = house.refuses($mistake);
            $(assert!(message.contains($part), "{message}");)+
        )*
    }};
}

#[test]
fn wrong_values_are_refused() {
    refused! {
        write(LAMP, "Level", "x") => "/Hall/Lamp (", "Level holds Int, String was given";
        write(LAMP, "Power", "On") => "Power holds Choice, String was given";
        write(LAMP, "Level", 101i64) => "/Hall/Lamp (", "Level cannot hold 101: it is outside 0..=100";
        write(LAMP, "Power", Value::Choice("Dim".into())) => "Power cannot hold Dim: it is no variant; expected one of Off, On";
        write(LAMP, "Code", "abd") => "Code cannot hold \"abd\": it does not match";
        write(LAMP, "Code", "abca") => "Code cannot hold \"abca\": it has length 4, at most 3";
        write(LAMP, "Heat", f64::NAN) => "Heat cannot hold NaN: it is not a number";
        write(LAMP, "Near", NOBODY) => "Near would refer to", "does not exist";
        write(LAMP, "Near", PLUG) => "Near refers to Room, /Hall/Plug";
        write(LAMP, "Script", "1 + 1") => "Script cannot be run", "scripts do not run in this version";
        write(HALL, "Tags", vec![LAMP, NOBODY]) => "/Hall (", "Tags would refer to";
        write_as(LAMP, "Power", None, WriteMode::Always) => "Power has no value";
        write(LAMP, "Description", vec![0u8; (1 << 20) + 1]) => "Description holds String";
        write(LAMP, "Description", "x".repeat((1 << 20) + 1)) => "Description would hold 1048577 bytes, at most 1048576";
    }
}

#[test]
fn wrong_targets_are_refused() {
    refused! {
        write(NOBODY, "Level", 1i64) => "entity 00000000-0000-0000-0000-000000000068 does not exist";
        Step::Delete(NOBODY) => "00000000-0000-0000-0000-000000000068 does not exist";
        Step::Move { id: LAMP, parent: NOBODY } => "00000000-0000-0000-0000-000000000068 does not exist";
        write(HALL, "Level", 1i64) => "Room has no field Level";
        create(NOBODY, "Lump", HALL, "x") => "there is no type";
        create(LAMP, "Room", HALL, "x") => "/Hall/Lamp (", "exists already";
        create(NOBODY, "Room", HALL, "Lamp") => "/Hall (", "has a child \"Lamp\" already";
        write(PLUG, "Name", "Lamp") => "has a child \"Lamp\" already";
        create(NOBODY, "Room", HALL, "a/b") => "\"a/b\" is no name", "`/`";
        create(NOBODY, "Room", HALL, "a\u{7}b") => "is no name", "control characters";
        create(NOBODY, "Room", HALL, "") => "is no name", "empty";
        create(NOBODY, "Room", HALL, &"ä".repeat(128)) => "is no name", "255 bytes";
        Step::Move { id: HALL, parent: LAMP } => "/Hall (", "cannot move below /Hall/Lamp";
        Step::Move { id: HALL, parent: HALL } => "cannot move below /Hall";
        Step::Move { id: EntityId::ROOT, parent: HALL } => "the Root cannot be moved";
        Step::Delete(EntityId::ROOT) => "the Root cannot be deleted";
        write(EntityId::ROOT, "Name", "x") => "the Root cannot be renamed";
        write(LAMP, "Children", vec![PLUG]) => "Children cannot be written", "Parent of the child";
        write_as(LAMP, "Name", None, WriteMode::Always) => "Name has no value";
        Step::Create { id: NOBODY, entity_type: "Lamp".into(), parent: HALL, name: "x".into(), values: Vec::new() }
            => "/Hall/x (", "Power has no value";
    }
}

#[test]
fn a_deletion_that_is_refused_names_ten_referrers() {
    let mut house = House::new();
    let plugs = (0..12).map(|n| {
        create(
            EntityId::from_u128(110 + n),
            "Plug",
            EntityId::ROOT,
            &format!("p{n}"),
        )
    });
    house.apply(plugs.collect()).unwrap();
    let error = house.apply(vec![Step::Delete(HALL)]).unwrap_err();
    let Error::Referenced { by, more, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!((by.len(), *more), (10, 3));
    assert!(by.is_sorted_by_key(|(who, _)| who.id), "{by:?}");
}

#[test]
fn wrong_write_modes_are_refused() {
    let add = |field: &str, value: Value| write_as(LAMP, field, Some(value), WriteMode::Add);
    refused! {
        add("Level", Value::Int(i64::MAX)) => "/Hall/Lamp (", "Level would overflow";
        write_as(LAMP, "Level", Some(Value::Int(i64::MIN)), WriteMode::Subtract) => "Level would overflow";
        add("Level", Value::Float(1.0)) => "Level holds Int, Float was given";
        add("Heat", Value::Float(1.0)) => "Heat has no value";
        add("Power", Value::Int(1)) => "Power cannot be added to", "no Int and no Float";
        write_as(LAMP, "Level", Some(Value::Int(1)), WriteMode::IfValue(Box::new(None))) => "Level is not as expected";
        write_as(LAMP, "Level", Some(Value::Int(1)), WriteMode::IfRevision(9)) => "Level is not as expected", "expected revision 9";
        Step::Write { id: LAMP, field: "Level".into(), value: Some(Value::Int(1)), mode: WriteMode::Always, quality: Quality::Unset }
            => "Level cannot be written as Unset";
    }
}

#[test]
fn infinity_minus_infinity_is_refused() {
    let mut house = House::new();
    house
        .apply(vec![write(LAMP, "Heat", f64::INFINITY)])
        .unwrap();
    let minus = write_as(
        LAMP,
        "Heat",
        Some(f64::INFINITY.into()),
        WriteMode::Subtract,
    );
    let error = house.apply(vec![minus]).unwrap_err().to_string();
    assert!(error.contains("Heat cannot hold NaN"), "{error}");
}

#[test]
fn there_is_one_zero() {
    let mut house = House::new();
    house.apply(vec![write(LAMP, "Heat", -0.0)]).unwrap();
    let heat = house
        .tree
        .field_id(house.tree.type_id("Lamp").unwrap(), "Heat")
        .unwrap();
    let Ok(Some(Value::Float(zero))) = house.tree.entity(LAMP).unwrap().value(heat) else {
        panic!("no Float");
    };
    assert!(zero.is_sign_positive());
}

#[test]
fn a_value_that_is_not_unique_names_the_other() {
    let mut house = House::new();
    house
        .apply(vec![
            write(LAMP, "Code", "a"),
            create(NOBODY, "Lamp", HALL, "Other"),
        ])
        .unwrap();
    let error = house
        .apply(vec![write(NOBODY, "Code", "a")])
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("/Hall/Other (") && error.contains("/Hall/Lamp ("),
        "{error}"
    );
}

#[test]
fn wrong_schemas_are_refused() {
    let lamp = |field: FieldSchema| Step::SetSchema(Schema::new("New").field("Field", field));
    let of = |kind| FieldSchema::new(kind);
    let history = |seconds, deadband| HistoryPolicy {
        keep: Duration::from_secs(seconds),
        min_interval: None,
        deadband,
    };
    refused! {
        lamp(of(Kind::Int).default_value(2.0)) => "schema of New", "Field: the default 2.0 is Float";
        lamp(of(Kind::Int).range(0i64..9).default_value(9i64)) => "Field: the default 9 is outside";
        lamp(of(Kind::Float).range(f64::NAN..)) => "Field: a range cannot end at NaN";
        lamp(of(Kind::Bool).range(0i64..)) => "Field: Bool has no order";
        lamp(of(Kind::String).pattern("(")) => "Field: the pattern";
        lamp(of(Kind::String).pattern("a)|(?:b")) => "Field: the pattern";
        lamp(of(Kind::EntityList).unique()) => "Field: EntityList can be neither indexed nor unique";
        lamp(FieldSchema::reference("Nowhere")) => "Field refers to Nowhere";
        lamp(FieldSchema::reference("Room").required().on_delete(OnDelete::Unset)) => "Field: a required reference";
        lamp(FieldSchema::choice(["A", "A"])) => "Field: the variant A occurs again";
        lamp(of(Kind::Int).access(Access { read: None, write: Some("".into()) })) => "Field: the role \"\" is none: a name cannot be empty";
        lamp(of(Kind::Int).history(history(0, None))) => "Field: a history that keeps values for no time";
        lamp(of(Kind::Bool).history(history(1, Some(0.5)))) => "Field: Bool is no number";
        lamp(of(Kind::Float).history(history(1, Some(f64::NAN)))) => "Field: a deadband is above zero";
        lamp(of(Kind::String).default_value("x".repeat((1 << 20) + 1))) => "default of Field has 1048577 bytes";
        Step::SetSchema(Schema::new("New").field("Name", Kind::String)) => "Name: every entity has a field of that name";
        Step::SetSchema(Schema::new("New").extends("Lump")) => "there is no type Lump; did you mean Lamp?";
        Step::SetSchema(Schema::new("Lamp").field("Power", Kind::Int)) => "schema of Lamp", "Power of 1 entities holds Choice";
        Step::SetSchema(Schema::new("Lamp").field("Power", FieldSchema::choice(["On"]))) => "Power: the variant Off is left out";
    }
}

#[test]
fn what_a_commit_expects_and_may_is_checked_first() {
    let mut house = House::new();
    let level = |revision| Condition::Field {
        id: LAMP,
        field: "Level".into(),
        revision,
    };
    let mut deed = Deed::new(vec![write(LAMP, "Level", 1i64)]);
    deed.expect = vec![
        level(1),
        Condition::Exists {
            id: NOBODY,
            exists: false,
        },
    ];
    house.apply_deed(&deed).unwrap();
    let error = house.apply_deed(&deed).unwrap_err();
    assert!(
        matches!(&error, Error::Conflict { field, .. } if field == "Level"),
        "{error:?}"
    );
    deed.expect = vec![Condition::Exists {
        id: NOBODY,
        exists: true,
    }];
    assert!(matches!(
        house.apply_deed(&deed),
        Err(Error::Conflict { .. })
    ));
    deed.expect.clear();
    deed.depth = 17;
    assert!(matches!(
        house.apply_deed(&deed),
        Err(Error::ChainTooDeep { limit: 16, .. })
    ));
    deed.depth = 16;
    house
        .apply(vec![Step::Claim {
            election: "main".into(),
            token: 2,
        }])
        .unwrap();
    deed.fence = Some(("main".into(), 1));
    let stale = Error::StaleFence {
        election: "main".into(),
        token: 1,
        newest: 2,
    };
    assert_eq!(house.apply_deed(&deed), Err(stale));
    deed.fence = Some(("main".into(), 2));
    house.apply_deed(&deed).unwrap();
}

#[test]
fn limits_hold_from_the_commit_that_sets_them() {
    let mut house = House::new();
    let small = Limits {
        value: 4,
        depth: 3,
        ..Limits::DEFAULT
    };
    house.apply(vec![Step::SetLimits(small)]).unwrap();
    refuses_with(
        &mut house,
        write(LAMP, "Description", "12345"),
        "Description would hold 5 bytes",
    );
    refuses_with(
        &mut house,
        create(NOBODY, "Room", LAMP, "x"),
        "/Hall/Lamp/x (",
    );
    let step = Step::Move {
        id: HALL,
        parent: PLUG,
    };
    refuses_with(&mut house, step, "/Plug/Hall (");
    for nonsense in [
        Limits { value: 0, ..small },
        Limits {
            commit: 100,
            ..small
        },
        Limits { depth: 0, ..small },
        Limits {
            fields: 1 << 20,
            ..small
        },
        Limits {
            value: 1 << 23,
            ..small
        },
    ] {
        refuses_with(
            &mut house,
            Step::SetLimits(nonsense),
            "a change of limits is refused",
        );
    }
}

fn refuses_with(house: &mut House, step: Step, part: &str) {
    let message = house.apply(vec![step]).unwrap_err().to_string();
    assert!(message.contains(part), "{message}");
}

#[test]
fn a_commit_over_the_limit_is_refused() {
    let mut house = House::new();
    let large = || write(LAMP, "Description", "x".repeat(1 << 20));
    let error = house.tree.apply(
        &Deed::new((0..4).map(|_| large()).collect()).commit(&house.tree),
        2,
        Timestamp::EPOCH,
    );
    assert!(
        matches!(error, Err(Error::CommitTooLarge { .. })),
        "{error:?}"
    );
    compare::state(&house.tree, &house.model);
    house.apply(vec![large(), large(), large()]).unwrap();
}

#[test]
fn a_cascade_stops_at_the_root() {
    let mut house = House::new();
    let root = Schema::new("Root").field(
        "Plug",
        FieldSchema::new(Kind::EntityReference).on_delete(OnDelete::Cascade),
    );
    house
        .apply(vec![
            Step::SetSchema(root),
            write(EntityId::ROOT, "Plug", PLUG),
        ])
        .unwrap();
    refuses_with(&mut house, Step::Delete(PLUG), "the Root cannot be deleted");
}

#[test]
fn a_path_that_leads_nowhere_says_where_it_ends() {
    let house = House::new();
    let fails = |path: &str, part: &str| {
        let message = resolve(&house.tree, LAMP, path).unwrap_err().to_string();
        assert!(
            message.contains("/Hall/Lamp (") && message.contains(part),
            "{message}"
        );
    };
    assert_eq!(
        resolve(&house.tree, PLUG, "Room->Lamp->Level").unwrap(),
        (LAMP, "Level".into())
    );
    assert_eq!(
        resolve(&house.tree, LAMP, "Hall->Name").unwrap(),
        (HALL, "Name".into())
    );
    assert_eq!(
        resolve(&house.tree, LAMP, "Parent->Name").unwrap(),
        (HALL, "Name".into())
    );
    fails("Near->Name", "Near of /Hall/Lamp");
    fails("Hall->Attic->Name", "Attic of /Hall (");
    fails("Hall->", "names no field");
    fails(&("Hall->Lamp->".repeat(9) + "Name"), "at most 16");
    let missing = house.tree.at_path("/Hall/Attic").unwrap_err().to_string();
    assert!(
        missing.contains("/Hall has no child \"Attic\""),
        "{missing}"
    );
    assert!(house.tree.at_path("Hall").is_err());
    assert_eq!(house.tree.at_path("/"), Ok(EntityId::ROOT));
}

#[test]
fn a_type_declared_before_its_base_gets_the_new_fields_of_that_base() {
    let mut house = House::new();
    let [x, y, z] = ["X", "Y", "Z"].map(Schema::new);
    let more = z
        .clone()
        .field("More", FieldSchema::new(Kind::Int).default_value(1i64));
    let declared = [x.clone(), y.clone(), z, y.extends("Z"), x.extends("Y")];
    house
        .apply(declared.into_iter().map(Step::SetSchema).collect())
        .unwrap();
    house.apply(vec![create(NOBODY, "X", HALL, "x")]).unwrap();
    house.apply(vec![Step::SetSchema(more)]).unwrap();
    house.apply(vec![write(NOBODY, "More", 2i64)]).unwrap();
}
