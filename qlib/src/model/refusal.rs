//! Why a store cannot have the types that an application wants.

use std::fmt;

use smol_str::SmolStr;

use crate::model::{Kind, Subject};

/// A reason why a store cannot have the types that an application wants.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The type contradicts itself or another one.
    #[error("{entity_type}: {reason}")]
    Invalid {
        /// The type.
        entity_type: SmolStr,
        /// What is wrong with it.
        reason: Box<str>,
    },
    /// The application is older than the store.
    #[error(
        "a newer version of the application renamed {entity_type} to {now} in this store; update this one"
    )]
    TypeRenamed {
        /// The type.
        entity_type: SmolStr,
        /// What it is called.
        now: SmolStr,
    },
    /// The application is older than the store.
    #[error(
        "a newer version of the application renamed {entity_type}.{field} to {now} in this store; update this one"
    )]
    FieldRenamed {
        /// The type.
        entity_type: SmolStr,
        /// The field.
        field: SmolStr,
        /// What it is called.
        now: SmolStr,
    },
    /// A base cannot change below entities.
    #[error(
        "{entity_type} would extend {} instead of {}, but {} of it cannot change with it; make a new type, and move what they hold",name(to), name(from), counted(*entities)
    )]
    Base {
        /// The type.
        entity_type: SmolStr,
        /// What it extends in the store.
        from: Option<SmolStr>,
        /// What it would extend.
        to: Option<SmolStr>,
        /// How many entities of it exist.
        entities: usize,
    },
    /// Entities that exist would lack a value.
    #[error(
        "{entity_type}.{field} is new and always has a value, which {} would lack; give it a default, or make it an Option", counted(*entities)
    )]
    Required {
        /// The type.
        entity_type: SmolStr,
        /// The field.
        field: SmolStr,
        /// How many entities exist.
        entities: usize,
    },
    /// Values cannot become values of another kind.
    #[error(
        "{entity_type}.{field} would hold {to} instead of the {from} of {}; say how one becomes the other with `#[field(convert = path::of_function)]`, or update the application if a newer version made it {from}", counted(*entities)
    )]
    Kind {
        /// The type.
        entity_type: SmolStr,
        /// The field.
        field: SmolStr,
        /// What it holds in the store.
        from: Kind,
        /// What it would hold.
        to: Kind,
        /// How many entities hold one.
        entities: usize,
    },
    /// A conversion does not take all values.
    #[error("{entity_type}.{field} would hold {to} instead of {from}: {values}")]
    Conversion {
        /// The type.
        entity_type: SmolStr,
        /// The field.
        field: SmolStr,
        /// What it holds in the store.
        from: Kind,
        /// What it would hold.
        to: Kind,
        /// The values.
        values: Misfits,
    },
    /// What entities hold does not fit what the field may hold.
    #[error(
        "{entity_type}.{field}: {values}. Change them first, or update the application if a newer version wrote them"
    )]
    Values {
        /// The type.
        entity_type: SmolStr,
        /// The field.
        field: SmolStr,
        /// The values.
        values: Misfits,
    },
}

/// So many entities.
pub(crate) fn counted(entities: usize) -> String {
    match entities {
        1 => "1 entity".to_owned(),
        many => format!("{many} entities"),
    }
}

fn name(base: &Option<SmolStr>) -> &str {
    base.as_deref().unwrap_or("nothing")
}

/// Values that do not fit: how many, and the first of them.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Misfits {
    /// How many there are.
    pub count: usize,
    /// At most ten, with what is wrong with them.
    pub first: Vec<(Subject, Box<str>)>,
}

impl Misfits {
    const SHOWN: usize = 10;

    pub(crate) fn note(&mut self, subject: impl FnOnce() -> Subject, reason: String) {
        self.count += 1;
        if self.first.len() < Self::SHOWN {
            self.first.push((subject(), reason.into()));
        }
    }
}

impl fmt::Display for Misfits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (subject, reason)) in self.first.iter().enumerate() {
            let separator = if number > 0 { "; " } else { "" };
            write!(f, "{separator}{subject} {reason}")?;
        }
        match self.count.saturating_sub(self.first.len()) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}
