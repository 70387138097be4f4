//! How values of one kind become values of another.

use crate::model::{Conversion, FieldSchema, Kind, Value, ValueRef};

/// How the values of a field become those of another kind.
pub(super) enum Way {
    /// By a function of the application's own.
    Function(Conversion),
    /// By a rule: nothing is lost, or the value is refused.
    Rule(
        &'static str,
        fn(ValueRef<'_>, &FieldSchema) -> Result<Value, String>,
    ),
}

impl Way {
    /// The way from the one field to the other, which has another kind or other variants.
    pub(super) fn find(
        from: &FieldSchema,
        to: &FieldSchema,
        entity_type: &str,
        conversions: &[Conversion],
    ) -> Option<Self> {
        let fits = |conversion: &&Conversion| {
            let key = conversion.field;
            key.declared_by == entity_type
                && key.name == to.name
                && conversion.from == from.kind
                && conversion.choices.iter().eq(from.choices.iter())
        };
        if let Some(conversion) = conversions.iter().find(fits) {
            return Some(Self::Function(conversion.clone()));
        }
        match (from.kind, to.kind) {
            (Kind::Int, Kind::Float) => Some(Self::Rule("as the same number", exact)),
            (Kind::BinaryFile | Kind::EntityList | Kind::String, Kind::String) => None,
            (_, Kind::String) => Some(Self::Rule("as text", text)),
            (Kind::String, Kind::Choice) => {
                Some(Self::Rule("as the variant of that name", variant))
            }
            _ => None,
        }
    }

    /// How the plan names it.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Function(_) => "by `convert`",
            Self::Rule(name, _) => name,
        }
    }

    /// Converts one value.
    pub(super) fn convert(
        &self,
        value: ValueRef<'_>,
        to: &FieldSchema,
    ) -> Result<Option<Value>, String> {
        let converted = match self {
            Self::Function(conversion) => (conversion.convert)(value),
            Self::Rule(_, rule) => rule(value, to).map(Some),
        };
        converted.map_err(|reason| format!("holds {value:?}: {reason}"))
    }
}

fn exact(value: ValueRef<'_>, _: &FieldSchema) -> Result<Value, String> {
    let ValueRef::Int(number) = value else {
        return Err("it is no Int".to_owned());
    };
    let float = number as f64;
    // The largest Int becomes a Float that is one more; casting that back saturates.
    if float as i64 == number && number != i64::MAX {
        Ok(Value::Float(float))
    } else {
        Err("no Float is the same number".to_owned())
    }
}

fn text(value: ValueRef<'_>, _: &FieldSchema) -> Result<Value, String> {
    Ok(Value::from(value.to_string()))
}

fn variant(value: ValueRef<'_>, to: &FieldSchema) -> Result<Value, String> {
    let ValueRef::String(name) = value else {
        return Err("it is no String".to_owned());
    };
    let known = to.choices.iter().find(|choice| *choice == name);
    let none = || format!("it is none of {}", to.choices.join(", "));
    known
        .map(|choice| Value::Choice(choice.clone()))
        .ok_or_else(none)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_the_same_or_are_refused() {
        let to = FieldSchema::new(Kind::Float);
        for same in [0, -7, 1 << 53, -(1 << 60), i64::MIN] {
            let float = exact(ValueRef::Int(same), &to);
            assert_eq!(float, Ok(Value::Float(same as f64)), "{same}");
        }
        for other in [(1 << 53) + 1, i64::MAX, i64::MAX - 1, i64::MIN + 1] {
            assert!(exact(ValueRef::Int(other), &to).is_err(), "{other}");
        }
    }
}
