//! What an entity's fields are and may hold.

use std::ops::RangeBounds;
use std::time::Duration;

use smol_str::SmolStr;

use crate::model::{Kind, Range, Value};

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
    /// What the type was called before. A store that has a type of such a name, and none of this
    /// one's, renames it: its entities stay as they are.
    pub was: Vec<SmolStr>,
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
            was: Vec::new(),
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

    /// Says what the type was called before.
    #[must_use]
    pub fn was(mut self, name: impl Into<SmolStr>) -> Self {
        self.was.push(name.into());
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

/// The role that a client needs to reach a field, per operation.
///
/// This is a fact about the field that the doors of a realm ask when they let clients in from
/// outside. Code in the process is not asked, and this version has no such door: nothing refuses a
/// read or a write because of it.
///
/// ```
/// use qlib::prelude::*;
///
/// #[derive(Entity)]
/// struct Boiler {
///     #[field(access(write = "operator"))]
///     setpoint: f64,
/// }
/// let access = &Boiler::schema().fields[0].access;
/// assert_eq!((access.read.as_deref(), access.write.as_deref()), (None, Some("operator")));
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Access {
    /// Who may read the field; `None` is everyone who may read the entity.
    pub read: Option<SmolStr>,
    /// Who may write the field; `None` is everyone who may write to the entity.
    pub write: Option<SmolStr>,
}

/// Which values of a field are kept beside the newest one, and for how long.
///
/// ```
/// use std::time::Duration;
///
/// use qlib::{HistoryPolicy, prelude::*};
///
/// #[derive(Entity)]
/// struct Boiler {
///     #[field(history(keep = "30d", deadband = 0.5))]
///     pressure: f64,
/// }
/// let policy = HistoryPolicy {
///     keep: Duration::from_secs(30 * 24 * 60 * 60),
///     min_interval: None,
///     deadband: Some(0.5),
/// };
/// assert_eq!(Boiler::schema().fields[0].history, Some(policy));
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct HistoryPolicy {
    /// How long a value is kept.
    pub keep: Duration,
    /// The least time between two values that are kept; `None` keeps those of every commit.
    pub min_interval: Option<Duration>,
    /// How far a number must be from the value kept before; `None` keeps every change.
    pub deadband: Option<f64>,
}

/// A field: its kind, its default and its constraints.
#[derive(Clone, PartialEq, Debug)]
pub struct FieldSchema {
    /// The field's name, PascalCase.
    pub name: SmolStr,
    /// What the field was called before. A type that has a field of such a name, and neither one of
    /// this name nor a further one of that, renames it: values and stamps stay as they are.
    pub was: Vec<SmolStr>,
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
    /// The role that a client needs to reach the field.
    pub access: Access,
    /// Which of its values are kept; `None` keeps the newest one only.
    pub history: Option<HistoryPolicy>,
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
            was: Vec::new(),
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
            access: Access::default(),
            history: None,
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

    /// Says what the field was called before.
    #[must_use]
    pub fn was(mut self, name: impl Into<SmolStr>) -> Self {
        self.was.push(name.into());
        self
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

    /// Says which role a client needs to reach the field.
    #[must_use]
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// Keeps values of the field beside the newest one.
    #[must_use]
    pub fn history(mut self, policy: HistoryPolicy) -> Self {
        self.history = Some(policy);
        self
    }
}
