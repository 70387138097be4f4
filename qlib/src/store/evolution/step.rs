//! One difference between what a store has and what is wanted.

use std::fmt;

use smol_str::SmolStr;

use crate::model::{Entries, Kind, Schema, counted, field_entries, type_entries};

/// One step of a [`crate::SchemaPlan`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SchemaStep {
    /// A type is added, with all of its fields.
    AddType {
        /// The type.
        entity_type: SmolStr,
    },
    /// A type gets another name.
    RenameType {
        /// The type.
        entity_type: SmolStr,
        /// Its name so far.
        was: SmolStr,
    },
    /// What a type says of itself is changed: its base, its description.
    ChangeType {
        /// The type.
        entity_type: SmolStr,
        /// What is changed.
        key: &'static str,
        /// What it is in the store.
        from: Option<String>,
        /// What it becomes.
        to: Option<String>,
    },
    /// A field is added.
    AddField {
        /// The type.
        entity_type: SmolStr,
        /// The field.
        field: SmolStr,
        /// What entities that exist get.
        default: Option<String>,
        /// How many there are.
        entities: usize,
    },
    /// A field gets another name.
    RenameField {
        /// The type.
        entity_type: SmolStr,
        /// The field.
        field: SmolStr,
        /// Its name so far.
        was: SmolStr,
    },
    /// A field gets values of another kind, or of other variants.
    ConvertField {
        /// The type.
        entity_type: SmolStr,
        /// The field.
        field: SmolStr,
        /// The kind so far.
        from: Kind,
        /// The kind that it becomes.
        to: Kind,
        /// How each value becomes one of the other kind.
        how: &'static str,
        /// How many entities hold one.
        entities: usize,
    },
    /// What a field may hold, or what it says of itself, is changed.
    ChangeField {
        /// The type.
        entity_type: SmolStr,
        /// The field.
        field: SmolStr,
        /// What is changed.
        key: &'static str,
        /// What it is in the store.
        from: Option<String>,
        /// What it becomes.
        to: Option<String>,
    },
    /// A field is taken away.
    RemoveField {
        /// The type.
        entity_type: SmolStr,
        /// The field.
        field: SmolStr,
        /// How many entities hold something in it.
        entities: usize,
    },
}

impl fmt::Display for SchemaStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddType { entity_type } => write!(f, "+ {entity_type}"),
            Self::RenameType { entity_type, was } => write!(f, "~ {entity_type} was {was}"),
            Self::ChangeType {
                entity_type,
                key,
                from,
                to,
            } => write!(f, "~ {entity_type}: {}", Changed(key, from, to)),
            Self::AddField {
                entity_type,
                field,
                default,
                entities,
            } => {
                write!(f, "+ {entity_type}.{field}")?;
                match default {
                    Some(default) if *entities > 0 => {
                        write!(f, ", {default} in {}", counted(*entities))
                    }
                    _ => Ok(()),
                }
            }
            Self::RenameField {
                entity_type,
                field,
                was,
            } => write!(f, "~ {entity_type}.{field} was {entity_type}.{was}"),
            Self::ConvertField {
                entity_type,
                field,
                from,
                to,
                how,
                entities,
            } => {
                write!(f, "~ {entity_type}.{field}: {from} becomes {to}, ")?;
                match entities {
                    0 => f.write_str("and no entity holds it"),
                    entities => write!(f, "{how}, in {}", counted(*entities)),
                }
            }
            Self::ChangeField {
                entity_type,
                field,
                key,
                from,
                to,
            } => write!(f, "~ {entity_type}.{field}: {}", Changed(key, from, to)),
            Self::RemoveField {
                entity_type,
                field,
                entities,
            } => write!(f, "- {entity_type}.{field}, held by {}", counted(*entities)),
        }
    }
}

struct Changed<'a>(&'a str, &'a Option<String>, &'a Option<String>);

impl fmt::Display for Changed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // A flag that is not set is left out.
            Self(key, Some(from), None) if from == "true" => write!(f, "{key} = false"),
            Self(key, None, Some(to)) => write!(f, "{key} = {to}"),
            Self(key, Some(from), None) => write!(f, "no {key}, which was {from}"),
            Self(key, from, to) => {
                let text = |text: &Option<String>| text.clone().unwrap_or_default();
                write!(f, "{key} = {}, which was {}", text(to), text(from))
            }
        }
    }
}

/// A key whose value differs, with what it was and what it is.
pub(super) type Change = (&'static str, Option<String>, Option<String>);

/// The keys whose values differ.
pub(super) fn changes(from: &Entries, to: &Entries) -> Vec<Change> {
    let value = |entries: &Entries, key: &str| {
        let mut entries = entries.iter();
        entries
            .find(|(known, _)| *known == key)
            .map(|(_, value)| value.clone())
    };
    let gone = from.iter().filter(|(key, _)| value(to, key).is_none());
    let keys = to.iter().chain(gone).map(|(key, _)| *key);
    let changes = keys.map(|key| (key, value(from, key), value(to, key)));
    changes.filter(|(_, from, to)| from != to).collect()
}

/// What leads from some types to others, without a look at any entity: what differs between two
/// versions of an application, or between one and the file that it wrote.
///
/// ```
/// use qlib::{Kind, Schema, differences};
///
/// let before = [Schema::new("Lamp").field("Watts", Kind::Int)];
/// let after = [Schema::new("Lamp").doc("Gives light.").field("Level", Kind::Int)];
/// let steps: Vec<_> = differences(&before, &after).iter().map(ToString::to_string).collect();
/// assert_eq!(
///     steps,
///     ["~ Lamp: doc = \"Gives light.\"", "+ Lamp.Level", "- Lamp.Watts"]
/// );
/// ```
#[must_use]
pub fn differences(from: &[Schema], to: &[Schema]) -> Vec<String> {
    let mut lines = Vec::new();
    let find = |schemas: &[Schema], name: &str| -> Option<Schema> {
        schemas.iter().find(|schema| schema.name == name).cloned()
    };
    for schema in to {
        let name = &schema.name;
        let Some(before) = find(from, name) else {
            lines.push(format!("+ {name}"));
            continue;
        };
        for (key, from, to) in changes(&type_entries(&before), &type_entries(schema)) {
            lines.push(format!("~ {name}: {}", Changed(key, &from, &to)));
        }
        for field in &schema.fields {
            let place = format!("{name}.{}", field.name);
            match before
                .fields
                .iter()
                .find(|before| before.name == field.name)
            {
                None => lines.push(format!("+ {place}")),
                Some(before) => {
                    for (key, from, to) in changes(&field_entries(before), &field_entries(field)) {
                        lines.push(format!("~ {place}: {}", Changed(key, &from, &to)));
                    }
                }
            }
        }
        let gone = before.fields.iter().filter(|before| {
            let mut kept = schema.fields.iter();
            kept.all(|field| field.name != before.name)
        });
        lines.extend(gone.map(|before| format!("- {name}.{}", before.name)));
    }
    let gone = from
        .iter()
        .filter(|before| find(to, &before.name).is_none());
    lines.extend(gone.map(|before| format!("- {}", before.name)));
    lines
}
