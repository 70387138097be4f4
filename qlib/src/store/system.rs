//! The types that every store has, and the commit that begins one.

use smol_str::SmolStr;

use crate::model::{Create, EntityId, FieldSchema, Kind, Op, Schema, Steps, TypeId};

/// The Root's type.
pub(crate) const ROOT: &str = "Root";
/// The type of the entity that stands for an application.
pub(crate) const SERVICE: &str = "Service";
/// The type of a change that a handler could not handle.
pub(crate) const DEAD_LETTER: &str = "DeadLetter";

/// The types that every store has.
pub(crate) fn system_schemas() -> [Schema; 3] {
    [root_schema(), service_schema(), dead_letter_schema()]
}

/// The first commit of an empty store: the system types and the Root.
pub(crate) fn genesis() -> Steps {
    let root = Create {
        id: EntityId::ROOT,
        // The Root's is the first type that a store declares.
        entity_type: TypeId(0),
        parent: EntityId::ROOT,
        name: SmolStr::new_static("Root"),
        values: [].into(),
    };
    let declare = |schema: Schema| Op::SetSchema(Box::new(schema));
    let mut ops: Steps = system_schemas().into_iter().map(declare).collect();
    ops.push(Op::Create(Box::new(root)));
    ops
}

fn counter() -> FieldSchema {
    FieldSchema::new(Kind::Int).default_value(0).required()
}

fn root_schema() -> Schema {
    Schema::new(ROOT)
        .doc("The entity above all others.")
        .field("SchemaUpdateTrigger", counter())
}

fn service_schema() -> Schema {
    let level = || {
        FieldSchema::new(Kind::Int)
            .default_value(3)
            .range(1..=6)
            .required()
    };
    Schema::new(SERVICE)
        .doc("An application: who leads it, and how much it logs.")
        .field("ApplicationName", FieldSchema::new(Kind::String).required())
        .field("Leader", Kind::String)
        .field("Candidates", Kind::String)
        .field("HeartbeatTrigger", counter())
        .field("FailOverTrigger", counter())
        .field("LogLevel", level())
        .field("QLibLogLevel", level())
}

fn dead_letter_schema() -> Schema {
    Schema::new(DEAD_LETTER)
        .doc("A change that a handler could not handle.")
        .field("Handler", FieldSchema::new(Kind::String).required())
        .field("Entity", FieldSchema::new(Kind::String).required())
        .field("Field", FieldSchema::new(Kind::String).required())
        .field("Revision", FieldSchema::new(Kind::Int).required())
        .field("Error", FieldSchema::new(Kind::String).required())
        .field("Attempts", FieldSchema::new(Kind::Int).required())
        .field("Time", FieldSchema::new(Kind::Timestamp).required())
}
