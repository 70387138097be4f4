//! The words that everything else is said in.

mod change;
mod commit;
mod condition;
mod constraint;
mod cursor;
mod define;
mod distance;
mod entity;
mod error;
mod field_type;
mod filter;
mod id;
mod image;
pub(crate) mod limits;
mod log_error;
mod position;
mod query;
mod refusal;
mod schema;
mod schema_file;
mod time;
mod value;

pub use change::{
    Applied, CreatedEntity, DeletedEntity, Effect, FieldChange, Place, Placement, SchemaChange,
};
pub(crate) use commit::Steps;
pub use commit::{
    Author, Cause, Commit, Create, Expect, Fence, FieldId, Op, Quality, Receipt, Revision, Stamp,
    TypeId, Write, WriteMode,
};
pub use condition::{Condition, FieldName, Operator};
pub use constraint::Range;
pub(crate) use constraint::compile_pattern;
pub use cursor::{Cursor, CursorMove};
pub use define::{FieldDefinition, HasDefault, Refers};
pub use distance::{Distance, Number};
pub use entity::{
    Choice, Conversion, Convert, Entity, Field, FieldCache, FieldKey, Misfit, NewEntity, Row,
    Script, Validator,
};
pub(crate) use error::closest;
pub use error::{Error, Result, Subject};
pub use field_type::{
    Copied, FieldType, Lengthy, Ordered, Readable, ValueFor, Writable, choice_of, choice_value,
};
pub use filter::{Contains, Filter, Text};
pub use id::{EntityId, Ref};
pub use image::{Image, ImageEntity, ImageField};
pub use limits::Limits;
pub use log_error::LogError;
pub use position::Position;
pub use query::{Hit, Order, OrderBy, Page, PageToken, Query};
pub(crate) use refusal::counted;
pub use refusal::{Misfits, Refusal};
pub use schema::{Access, FieldSchema, HistoryPolicy, OnDelete, SYSTEM_FIELDS, Schema, Scope};
pub(crate) use schema_file::{Entries, field_entries, type_entries};
pub use time::{Clock, Timestamp};
pub use value::{Kind, Value, ValueRef};
