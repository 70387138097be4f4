//! Schema evolution: the plan that leads from the types of a store to those of an application, and
//! carrying it out.

mod carry_out;
mod compare;
mod convert;
mod fields;
mod fit;
mod step;

#[cfg(test)]
mod tests;

use std::fmt;

use smol_str::SmolStr;

use crate::model::{
    Conversion, EntityId, FieldId, FieldSchema, Quality, Refusal, Revision, Schema, TypeId, Value,
};
use crate::tree::Tree;

pub use step::{SchemaStep, differences};

/// The types that an application wants a store to have.
#[derive(Clone, Debug, Default)]
pub struct WantedSchemas {
    /// The types, a base before those that extend it.
    pub schemas: Vec<Schema>,
    /// How values of one kind become values of another, where no rule says.
    pub conversions: Vec<Conversion>,
    /// Fields that these types do not have any more go, with what entities hold in them. Without
    /// this they stay: an older version of the application may still use them.
    pub allow_removal: bool,
}

/// What leads from the types of a store to those that an application wants; [`plan`] makes one and
/// [`crate::Store::migrate`] carries it out. It prints as a list of its steps.
#[derive(Clone, Debug)]
pub struct SchemaPlan {
    steps: Vec<SchemaStep>,
    schema_revision: Revision,
    /// The types to declare or redefine, a base before those that extend it.
    schemas: Vec<Schema>,
    drops: Vec<FieldId>,
    replacements: Vec<Replacement>,
}

/// Values of another kind for a field. They are gathered in a field beside it, which then takes its
/// place: until that, all is as it was.
#[derive(Clone, Debug)]
struct Replacement {
    entity_type: TypeId,
    /// The type's name from here on.
    wanted_type: SmolStr,
    /// The field that holds the values now.
    source: FieldId,
    /// The field's name from here on.
    field: SmolStr,
    /// The field that gathers the new values.
    gathers: FieldSchema,
    values: Vec<NewValue>,
}

/// A value that was made of the one that `revision` wrote.
#[derive(Clone, Debug)]
struct NewValue {
    id: EntityId,
    revision: Revision,
    value: Option<Value>,
    quality: Quality,
}

/// Plans what leads from the types of a store to those that are wanted, and changes nothing.
///
/// What differs is a step of the plan, or a reason why it cannot be made:
///
/// - A type or a field that is wanted is added. Entities that exist get the field's default; a field
///   that must be given is refused while there are any.
/// - A name is changed where the new one says what it [was](FieldSchema::was).
/// - What a field may hold is changed if all that entities hold fits.
/// - A field gets another kind by a [`Conversion`], or where nothing is lost: Int becomes Float where
///   the float is the same number; anything but BinaryFile and EntityList becomes String, as text;
///   String becomes Choice where each text is a variant's name. All values must do so.
/// - What is not wanted stays, unless `allow_removal` takes fields away. A type always stays: it may
///   be another application's.
///
/// ```
/// use qlib::{FieldSchema, Kind, Schema, Store, WantedSchemas, plan};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> qlib::Result<()> {
/// let store = Store::memory()?;
/// store.set_schema(Schema::new("Lamp").field("Watts", Kind::Int)).await?;
///
/// let power = FieldSchema::new(Kind::Float).was("Watts");
/// let wanted = WantedSchemas {
///     schemas: vec![Schema::new("Lamp").field("Power", power)],
///     ..WantedSchemas::default()
/// };
/// let made = plan(store.create_snapshot().tree(), &wanted).unwrap();
/// assert_eq!(
///     made.to_string(),
///     "~ Lamp.Power was Lamp.Watts\n~ Lamp.Power: Int becomes Float, and no entity holds it\n"
/// );
/// store.migrate(&made).await?;
/// assert_eq!(store.schema("Lamp")?, wanted.schemas[0]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Every reason why the store cannot have these types.
pub fn plan(stored: &Tree, wanted: &WantedSchemas) -> Result<SchemaPlan, Vec<Refusal>> {
    compare::Planner::new(stored, wanted).plan()
}

impl SchemaPlan {
    /// The steps, in the order of the types and fields that they concern.
    #[must_use]
    pub fn steps(&self) -> &[SchemaStep] {
        &self.steps
    }

    /// The revision of the schemas that the plan was made from. Once it is not the newest any more,
    /// the plan is void.
    #[must_use]
    pub fn schema_revision(&self) -> Revision {
        self.schema_revision
    }

    /// Whether nothing is to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.schemas.is_empty() && self.drops.is_empty()
    }
}

impl fmt::Display for SchemaPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| writeln!(f, "{step}"))
    }
}
