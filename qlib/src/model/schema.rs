//! What an entity's fields are and may hold.

use std::ops::{Bound, RangeBounds};

use regex_lite::Regex;
use smol_str::SmolStr;

use crate::model::{Kind, Value, ValueRef};

/// The fields that every entity has. A type cannot declare fields of these names.
pub const SYSTEM_FIELDS: [&str; 4] = ["Name", "Description", "Parent", "Children"];

/// A type of entity: its name, the type that it extends, and its own fields.
///
/// ```
/// use qlib::{Kind, Schema};
/// let device = Schema::new("Device").field("Status", Kind::String).field("Temperature", Kind::Float);
/// assert_eq!(device.fields.len(), 2);
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Schema {
    /// The type's name, PascalCase.
    pub name: SmolStr,
    /// The type that this one extends.
    pub base: Option<SmolStr>,
    /// What the type is, for people.
    pub doc: SmolStr,
    /// The type's own fields, without those of its base.
    pub fields: Vec<FieldSchema>,
}

impl Schema {
    /// A type without fields of its own.
    #[must_use]
    pub fn new(name: impl Into<SmolStr>) -> Self {
        Self {
            name: name.into(),
            base: None,
            doc: SmolStr::default(),
            fields: Vec::new(),
        }
    }

    /// Makes the type extend `base`.
    #[must_use]
    pub fn extends(mut self, base: impl Into<SmolStr>) -> Self {
        self.base = Some(base.into());
        self
    }

    /// Says what the type is.
    #[must_use]
    pub fn doc(mut self, doc: impl Into<SmolStr>) -> Self {
        self.doc = doc.into();
        self
    }

    /// Adds a field that may be unset and has no constraint, or a [`FieldSchema`] that has.
    #[must_use]
    pub fn field(mut self, name: impl Into<SmolStr>, field: impl Into<FieldSchema>) -> Self {
        let mut field = field.into();
        field.name = name.into();
        self.fields.push(field);
        self
    }
}

/// What happens to a field that refers to an entity when that entity is deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnDelete {
    /// The entity cannot be deleted.
    Refuse,
    /// The field is unset; a list loses the entry.
    Unset,
    /// The entity that holds the field is deleted too.
    Cascade,
}

/// Whether a field is set by people or by the running system.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Scope {
    /// Changes while the system runs.
    #[default]
    Runtime,
    /// Set when the system is set up.
    Configuration,
}

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

/// A field: its kind, its default and its constraints.
#[derive(Clone, PartialEq, Debug)]
pub struct FieldSchema {
    /// The field's name, PascalCase.
    pub name: SmolStr,
    /// What the field holds.
    pub kind: Kind,
    /// The value that a new entity has where none is given.
    pub default: Option<Value>,
    /// The field always has a value.
    pub required: bool,
    /// The values that an ordered field may hold.
    pub range: Option<Range>,
    /// The variants of a Choice, in order.
    pub choices: Vec<SmolStr>,
    /// A regular expression that the whole text matches, in the syntax of the crate `regex-lite`.
    pub pattern: Option<SmolStr>,
    /// The most characters of a text, bytes of a file or entries of a list.
    pub max_length: Option<usize>,
    /// No two entities of the type, or of types that extend it, hold the same value.
    pub unique: bool,
    /// Queries find values of this field without looking at every entity.
    pub index: bool,
    /// The type that a reference refers to; `None` is any.
    pub target: Option<SmolStr>,
    /// What happens when the entity that is referred to is deleted.
    pub on_delete: OnDelete,
    /// Who sets the field.
    pub scope: Scope,
    /// Where the field stands among others when they are shown, low first.
    pub rank: i32,
    /// The unit of the value, for people.
    pub unit: SmolStr,
    /// What the field means, for people.
    pub doc: SmolStr,
}

impl From<Kind> for FieldSchema {
    fn from(kind: Kind) -> Self {
        Self::new(kind)
    }
}

impl FieldSchema {
    /// A field that may be unset and has no constraint; [`Schema::field`] names it.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self {
            name: SmolStr::default(),
            kind,
            default: None,
            required: false,
            range: None,
            choices: Vec::new(),
            pattern: None,
            max_length: None,
            unique: false,
            index: false,
            target: None,
            on_delete: OnDelete::Unset,
            scope: Scope::Runtime,
            rank: 0,
            unit: SmolStr::default(),
            doc: SmolStr::default(),
        }
    }

    /// A Choice of these variants.
    #[must_use]
    pub fn choice<T: Into<SmolStr>>(variants: impl IntoIterator<Item = T>) -> Self {
        Self {
            choices: variants.into_iter().map(Into::into).collect(),
            ..Self::new(Kind::Choice)
        }
    }

    /// A reference to an entity of type `target`, or of a type that extends it.
    #[must_use]
    pub fn reference(target: impl Into<SmolStr>) -> Self {
        Self {
            target: Some(target.into()),
            ..Self::new(Kind::EntityReference)
        }
    }

    /// The field always has a value; an entity that is referred to cannot be deleted.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        if self.kind == Kind::EntityReference {
            self.on_delete = OnDelete::Refuse;
        }
        self
    }

    /// Gives new entities this value where none is given.
    #[must_use]
    pub fn default_value(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// Restricts an ordered field to a range.
    #[must_use]
    pub fn range<T: Clone + Into<Value>>(mut self, bounds: impl RangeBounds<T>) -> Self {
        self.range = Some(Range::new(bounds));
        self
    }

    /// Restricts a text to those that match `pattern` as a whole.
    #[must_use]
    pub fn pattern(mut self, pattern: impl Into<SmolStr>) -> Self {
        self.pattern = Some(pattern.into());
        self
    }

    /// Restricts a text to so many characters, a file to so many bytes, a list to so many entries.
    #[must_use]
    pub fn max_length(mut self, length: usize) -> Self {
        self.max_length = Some(length);
        self
    }

    /// Refuses a value that another entity of the type holds already.
    #[must_use]
    pub fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    /// Keeps an index, so that queries find values of this field at once.
    #[must_use]
    pub fn index(mut self) -> Self {
        self.index = true;
        self
    }

    /// Says what happens when the entity that is referred to is deleted.
    #[must_use]
    pub fn on_delete(mut self, rule: OnDelete) -> Self {
        self.on_delete = rule;
        self
    }

    /// Says what is wrong with the field's own definition, if anything is.
    pub(crate) fn fault(&self) -> Option<String> {
        if SYSTEM_FIELDS.contains(&self.name.as_str()) {
            return Some("every entity has a field of that name; leave it out".into());
        }
        if let Some(reason) = crate::model::limits::name_fault(&self.name) {
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

/// Compiles a pattern so that it matches whole texts only.
pub(crate) fn compile_pattern(pattern: &str) -> Result<Regex, regex_lite::Error> {
    // By itself first: `a)|(b` is no pattern, but would be one between parentheses.
    Regex::new(pattern)?;
    Regex::new(&format!("^(?:{pattern})$"))
}
