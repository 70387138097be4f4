//! How the derive says what a field is: each constraint is a method whose type fits the field's.

use std::marker::PhantomData;
use std::ops::RangeBounds;
use std::time::Duration;

use smol_str::SmolStr;

use crate::model::field_type::ValueFor;
use crate::model::{
    Access, Distance, Field, FieldSchema, FieldType, HistoryPolicy, Kind, Lengthy, OnDelete,
    Ordered, Scope, Text,
};

/// The definition of a field that holds a `T`.
#[must_use]
pub struct FieldDefinition<T> {
    schema: FieldSchema,
    holds: PhantomData<fn() -> T>,
}

impl<E, T: FieldType> Field<E, T> {
    /// Begins the definition of the field that this is the handle of.
    #[doc(hidden)]
    pub fn define(self) -> FieldDefinition<T> {
        let mut schema = FieldSchema::new(T::KIND);
        schema.name = SmolStr::new_static(self.name());
        schema.choices = T::CHOICES
            .iter()
            .copied()
            .map(SmolStr::new_static)
            .collect();
        schema.target = (!T::TARGET.is_empty()).then(|| SmolStr::new_static(T::TARGET));
        if !T::OPTIONAL {
            schema = schema.required();
        }
        FieldDefinition {
            schema,
            holds: PhantomData,
        }
    }
}

impl<T: FieldType> FieldDefinition<T> {
    /// What a new entity has where no value is given.
    pub fn default(mut self, value: impl ValueFor<T::Base>) -> Self {
        self.schema.default = value.into_value().encode();
        self
    }

    /// Gives a new entity the default of the field's type where no value is given.
    pub fn default_of_type(self) -> Self
    where
        T::Base: HasDefault,
    {
        self.default(T::Base::make_default())
    }

    /// The values that are allowed.
    pub fn range(mut self, bounds: impl RangeBounds<<T::Base as Ordered>::End>) -> Self
    where
        T::Base: Ordered,
    {
        self.schema = self.schema.range(bounds);
        self
    }

    /// The most characters, bytes or entries.
    pub fn max_length(mut self, length: usize) -> Self
    where
        T::Base: Lengthy,
    {
        self.schema = self.schema.max_length(length);
        self
    }

    /// What the whole text must match.
    pub fn pattern(mut self, pattern: &'static str) -> Self
    where
        T::Base: Text,
    {
        self.schema = self.schema.pattern(SmolStr::new_static(pattern));
        self
    }

    /// No two entities hold the same value.
    pub fn unique(mut self) -> Self {
        self.schema.unique = true;
        self
    }

    /// Queries find values at once.
    pub fn index(mut self) -> Self {
        self.schema.index = true;
        self
    }

    /// What happens when the entity that is referred to is deleted.
    pub fn on_delete(mut self, rule: OnDelete) -> Self
    where
        T::Base: Refers,
    {
        self.schema.on_delete = rule;
        self
    }

    /// The field is set when the system is set up.
    pub fn configuration(mut self) -> Self {
        self.schema.scope = Scope::Configuration;
        self
    }

    /// Which role a client needs to read the field, and which to write it.
    pub fn access(mut self, read: Option<&'static str>, write: Option<&'static str>) -> Self {
        self.schema = self.schema.access(Access {
            read: read.map(SmolStr::new_static),
            write: write.map(SmolStr::new_static),
        });
        self
    }

    /// Keeps values of the field beside the newest one.
    pub fn history(
        mut self,
        keep: Duration,
        min_interval: Option<Duration>,
        deadband: Option<Distance<T>>,
    ) -> Self {
        self.schema = self.schema.history(HistoryPolicy {
            keep,
            min_interval,
            deadband: deadband.map(|distance| distance.far),
        });
        self
    }

    /// Where the field stands among others when they are shown.
    pub fn rank(mut self, rank: i32) -> Self {
        self.schema.rank = rank;
        self
    }

    /// The unit of the value.
    pub fn unit(mut self, unit: &'static str) -> Self {
        self.schema.unit = SmolStr::new_static(unit);
        self
    }

    /// What the field was called before.
    pub fn was(mut self, name: &'static str) -> Self {
        self.schema = self.schema.was(SmolStr::new_static(name));
        self
    }

    /// What the field means.
    pub fn doc(mut self, doc: &'static str) -> Self {
        self.schema.doc = SmolStr::new_static(doc);
        self
    }
}

impl<T> From<FieldDefinition<T>> for FieldSchema {
    fn from(definition: FieldDefinition<T>) -> Self {
        definition.schema
    }
}

/// A field type that has a default of its own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no default of its own, for which `default` alone stands",
    label = "this type has none",
    note = "write `default = value` with the value that is meant, or put `#[derive(Default)]` on the type"
)]
pub trait HasDefault {
    /// The default.
    fn make_default() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> HasDefault for T {
    fn make_default() -> Self {
        Self::default()
    }
}

/// A field type that refers to entities: `Ref<_>`, `Vec<Ref<_>>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` refers to no entity",
    note = "`on_delete` fits Ref<_> and Vec<Ref<_>>"
)]
pub trait Refers {
    /// How it is stored.
    const KIND: Kind;
}

impl<E> Refers for crate::model::Ref<E> {
    const KIND: Kind = Kind::EntityReference;
}

impl<E> Refers for Vec<crate::model::Ref<E>> {
    const KIND: Kind = Kind::EntityList;
}
