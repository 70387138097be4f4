//! What a field's values must fulfil, and definitions that contradict themselves.

use std::ops::{Bound, RangeBounds};

use regex_lite::Regex;

use crate::model::limits::name_fault;
use crate::model::{
    Access, FieldSchema, HistoryPolicy, Kind, OnDelete, SYSTEM_FIELDS, Value, ValueRef,
};

/// The smallest and the largest value of an ordered field.
#[derive(Clone, PartialEq, Debug)]
pub struct Range {
    /// The lower end.
    pub min: Bound<Value>,
    /// The upper end.
    pub max: Bound<Value>,
}

impl Range {
    /// A range as Rust writes it: `0..=100`, `..80.0`.
    #[must_use]
    pub fn new<T: Clone + Into<Value>>(bounds: impl RangeBounds<T>) -> Self {
        let own = |bound: Bound<&T>| bound.map(|value| value.clone().into());
        Self {
            min: own(bounds.start_bound()),
            max: own(bounds.end_bound()),
        }
    }

    fn contains(&self, value: ValueRef<'_>) -> bool {
        let above = match &self.min {
            Bound::Included(min) => value
                .compare(min.as_ref())
                .is_some_and(|order| order.is_ge()),
            Bound::Excluded(min) => value
                .compare(min.as_ref())
                .is_some_and(|order| order.is_gt()),
            Bound::Unbounded => true,
        };
        let below = match &self.max {
            Bound::Included(max) => value
                .compare(max.as_ref())
                .is_some_and(|order| order.is_le()),
            Bound::Excluded(max) => value
                .compare(max.as_ref())
                .is_some_and(|order| order.is_lt()),
            Bound::Unbounded => true,
        };
        above && below
    }

    fn bounds(&self) -> impl Iterator<Item = &Value> {
        [&self.min, &self.max]
            .into_iter()
            .filter_map(|bound| match bound {
                Bound::Included(value) | Bound::Excluded(value) => Some(value),
                Bound::Unbounded => None,
            })
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.min {
            Bound::Included(min) => write!(f, "{min:?}")?,
            Bound::Excluded(min) => write!(f, "more than {min:?} ")?,
            Bound::Unbounded => {}
        }
        match &self.max {
            Bound::Included(max) => write!(f, "..={max:?}"),
            Bound::Excluded(max) => write!(f, "..{max:?}"),
            Bound::Unbounded => f.write_str(".."),
        }
    }
}

impl FieldSchema {
    /// Says what is wrong with the field's own definition, if anything is.
    pub(crate) fn fault(&self) -> Option<String> {
        if SYSTEM_FIELDS.contains(&self.name.as_str()) {
            return Some("every entity has a field of that name; leave it out".into());
        }
        if let Some(reason) = name_fault(&self.name) {
            return Some(reason.into());
        }
        if self.name.contains("->") {
            return Some("a field's name cannot contain `->`".into());
        }
        if let Some(range) = &self.range {
            if !self.kind.is_ordered() {
                return Some(format!(
                    "{} has no order, so it cannot have a range",
                    self.kind
                ));
            }
            if let Some(bound) = range.bounds().find(|bound| bound.kind() != self.kind) {
                return Some(format!(
                    "the range's end {bound:?} is {}, the field is {}",
                    bound.kind(),
                    self.kind
                ));
            }
        }
        if let Some(range) = &self.range
            && range
                .bounds()
                .any(|bound| bound.as_ref().compare(bound.as_ref()).is_none())
        {
            return Some("a range cannot end at NaN".into());
        }
        if let Some(pattern) = &self.pattern {
            if !matches!(self.kind, Kind::String | Kind::Transformation) {
                return Some(format!(
                    "{} is no text, so it cannot have a pattern",
                    self.kind
                ));
            }
            if let Err(error) = compile_pattern(pattern) {
                return Some(format!("the pattern {pattern:?} is none: {error}"));
            }
        }
        let sized = matches!(
            self.kind,
            Kind::String | Kind::Transformation | Kind::BinaryFile | Kind::EntityList
        );
        if self.max_length.is_some() && !sized {
            return Some(format!(
                "{} has no length, so it cannot have a largest one",
                self.kind
            ));
        }
        if (self.kind == Kind::Choice) == self.choices.is_empty() {
            return Some("a Choice needs its variants, and only a Choice has any".into());
        }
        if self.choices.len() > usize::from(u16::MAX) {
            return Some("a Choice has at most 65,535 variants".into());
        }
        if let Some((at, twice)) = self
            .choices
            .iter()
            .enumerate()
            .find(|(at, name)| self.choices[..*at].contains(name))
        {
            return Some(format!("the variant {twice} occurs again at position {at}"));
        }
        let refers = matches!(self.kind, Kind::EntityReference | Kind::EntityList);
        if self.target.is_some() && !refers {
            return Some(format!(
                "{} refers to nothing, so it cannot name a type",
                self.kind
            ));
        }
        if let Some(reason) = self.access.fault() {
            return Some(reason);
        }
        if let Some(reason) = self.history.and_then(|history| history.fault(self.kind)) {
            return Some(reason);
        }
        if self.required && self.kind == Kind::EntityReference && self.on_delete == OnDelete::Unset
        {
            return Some("a required reference cannot be unset when its entity is deleted: refuse or cascade".into());
        }
        if let Some(default) = &self.default {
            if default.kind() != self.kind {
                return Some(format!(
                    "the default {default:?} is {}, the field is {}",
                    default.kind(),
                    self.kind
                ));
            }
            if refers {
                return Some(
                    "a reference has no default: no entity exists when the type is declared".into(),
                );
            }
            if self.unique {
                return Some(
                    "a unique field has no default: the second entity would repeat it".into(),
                );
            }
            let pattern = self
                .pattern
                .as_deref()
                .and_then(|pattern| compile_pattern(pattern).ok());
            if let Some(reason) = self.violation(default.as_ref(), pattern.as_ref()) {
                return Some(format!("the default {default:?} {reason}"));
            }
        }
        None
    }

    /// Why `value`, which has the right kind, is not allowed; all constraints but `unique` and
    /// `target`. `pattern` is the field's own, compiled.
    pub(crate) fn violation(&self, value: ValueRef<'_>, pattern: Option<&Regex>) -> Option<String> {
        if let Some(range) = &self.range
            && !range.contains(value)
        {
            return Some(format!("is outside {range}"));
        }
        if let Some(most) = self.max_length {
            let length = match value {
                ValueRef::String(text) | ValueRef::Transformation(text) => text.chars().count(),
                ValueRef::BinaryFile(bytes) => bytes.len(),
                ValueRef::EntityList(ids) => ids.len(),
                _ => 0,
            };
            if length > most {
                return Some(format!("has length {length}, at most {most} is allowed"));
            }
        }
        match value {
            ValueRef::Choice(name) if !self.choices.iter().any(|choice| choice == name) => Some(
                format!("is no variant; expected one of {}", self.choices.join(", ")),
            ),
            ValueRef::Float(number) if number.is_nan() => Some("is not a number".into()),
            ValueRef::String(text) | ValueRef::Transformation(text) => {
                let matches = pattern.is_none_or(|pattern| pattern.is_match(text));
                (!matches).then(|| {
                    format!(
                        "does not match {:?}",
                        self.pattern.as_deref().unwrap_or_default()
                    )
                })
            }
            _ => None,
        }
    }
}

impl Access {
    fn fault(&self) -> Option<String> {
        [&self.read, &self.write]
            .into_iter()
            .flatten()
            .find_map(|role| Some(format!("the role {role:?} is none: {}", name_fault(role)?)))
    }
}

impl HistoryPolicy {
    fn fault(&self, kind: Kind) -> Option<String> {
        if self.keep.is_zero() {
            return Some("a history that keeps values for no time keeps none; leave it out".into());
        }
        if self.min_interval.is_some_and(|least| least > self.keep) {
            return Some(
                "the history keeps values for less than the least time between two of them".into(),
            );
        }
        let deadband = self.deadband?;
        if !matches!(kind, Kind::Int | Kind::Float) {
            return Some(format!("{kind} is no number, so it cannot have a deadband"));
        }
        // NaN is neither.
        (!(deadband > 0.0 && deadband.is_finite())).then(|| "a deadband is above zero".into())
    }
}

/// Compiles a pattern so that it matches whole texts only.
pub(crate) fn compile_pattern(pattern: &str) -> Result<Regex, regex_lite::Error> {
    // By itself first: `a)|(b` is no pattern, but would be one between parentheses.
    Regex::new(pattern)?;
    Regex::new(&format!("^(?:{pattern})$"))
}
