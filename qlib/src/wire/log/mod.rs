//! Commits as the log keeps them. A segment of the log begins with an [`Encoder`] and is read with a
//! [`Decoder`]; each knows which numbers the names of the segment are bound to.

mod decode;
mod encode;

use smol_str::SmolStr;

use crate::model::{FieldId, Op, Result, TypeId};

pub(crate) use decode::Decoder;
pub(crate) use encode::Encoder;

/// The names of types and fields, which outlive a process, and their numbers, which do not.
pub(crate) trait Names {
    /// What a type is called.
    fn name_of_type(&self, entity_type: TypeId) -> &SmolStr;

    /// The type that declares a field, none of a system field, and what the field is called.
    fn name_of_field(&self, field: FieldId) -> (Option<TypeId>, &SmolStr);

    /// The type of that name.
    fn type_named(&self, name: &str) -> Option<TypeId>;

    /// The field that a type declares under that name; without a type, a system field.
    fn field_named(&self, declared_by: Option<TypeId>, name: &str) -> Option<FieldId>;

    /// The names once these steps were taken.
    ///
    /// # Errors
    /// Why one of the steps is refused.
    fn after(&self, ops: &[Op]) -> Result<Box<dyn Names>>;
}
