//! The names of types and fields, for what outlives the process.

use smol_str::SmolStr;

use crate::model::{FieldId, Op, Result, TypeId};
use crate::tree::Tree;
use crate::wire::log::Names;

impl Names for Tree {
    fn name_of_type(&self, entity_type: TypeId) -> &SmolStr {
        self.type_name(entity_type)
    }

    fn name_of_field(&self, field: FieldId) -> (Option<TypeId>, &SmolStr) {
        let declared_by = match self.fields.get(field.0 as usize) {
            Some((declared_by, _)) if *declared_by != NO_TYPE => Some(*declared_by),
            _ => None,
        };
        (declared_by, self.field_name(field))
    }

    fn type_named(&self, name: &str) -> Option<TypeId> {
        self.type_names.get(name).copied()
    }

    fn field_named(&self, declared_by: Option<TypeId>, name: &str) -> Option<FieldId> {
        let declared_by = declared_by.unwrap_or(NO_TYPE);
        let is = |(by, known): &(TypeId, SmolStr)| *by == declared_by && known == name;
        let at = self.fields.iter().position(is)?;
        Some(FieldId(at as u32))
    }

    fn after(&self, ops: &[Op]) -> Result<Box<dyn Names>> {
        let mut later = self.clone();
        later.try_steps(ops, self.revision() + 1)?;
        Ok(Box::new(later))
    }
}

/// The one who declares the fields that every entity has.
pub(super) const NO_TYPE: TypeId = TypeId(u32::MAX);
