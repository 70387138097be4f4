//! From a condition on names to tests of columns, one type at a time.

use std::sync::Arc;

use smol_str::SmolStr;

use crate::model::{
    Condition, EntityId, Error, FieldId, Kind, Operator, Result, Timestamp, TypeId, Value,
};
use crate::tree::Tree;
use crate::tree::chunked::Chunked;
use crate::tree::column::{Cells, Column};

/// Conditions within each other that a query may have.
const DEEPEST: usize = 128;

/// A condition as it is tested on the entities of one type. Nothing is negated any more: `not` has
/// turned each comparison around, so that a field without a value passes neither way.
pub(super) enum Test<'a> {
    Every(Vec<Test<'a>>),
    Any(Vec<Test<'a>>),
    Leaf(Leaf<'a>),
}

/// A test of one field.
pub(super) struct Leaf<'a> {
    pub(super) field: FieldId,
    pub(super) probe: Probe<'a>,
    /// What an index can look for.
    pub(super) sought: Option<(Operator, &'a Value)>,
}

/// Where a value is and what it must be like. References and variants are numbers, as they are in
/// the columns.
pub(super) enum Probe<'a> {
    Set(&'a Column),
    Unset(&'a Column),
    Int(&'a Chunked<Cells<i64>>, Operator, i64),
    Float(&'a Chunked<Cells<f64>>, Operator, f64),
    Bool(&'a Chunked<Cells<bool>>, Operator, bool),
    Reference(&'a Chunked<Cells<u32>>, Operator, u32),
    Time(&'a Chunked<Cells<Timestamp>>, Operator, Timestamp),
    Choice(&'a Chunked<Cells<u16>>, Operator, u16),
    Text(&'a Chunked<Cells<SmolStr>>, TextProbe<'a>),
    Bytes(&'a Chunked<Cells<Arc<[u8]>>>, &'a [u8], bool),
    List(&'a Chunked<Cells<Arc<[EntityId]>>>, &'a [EntityId], bool),
    Entry(&'a Chunked<Cells<Arc<[EntityId]>>>, EntityId, bool),
    Name(TextProbe<'a>),
    Parent(u32, bool),
    HasParent(bool),
    /// Every entity has it.
    Always,
    Never,
}

/// How a text must compare, or, if `wanted` is false, must not.
#[derive(Clone, Copy)]
pub(super) struct TextProbe<'a> {
    operator: Operator,
    text: &'a str,
    wanted: bool,
}

impl TextProbe<'_> {
    #[inline]
    pub(super) fn passes(&self, value: &str) -> bool {
        self.wanted
            == match self.operator {
                Operator::Eq => value == self.text,
                Operator::Ne => value != self.text,
                Operator::Lt => value < self.text,
                Operator::Le => value <= self.text,
                Operator::Gt => value > self.text,
                Operator::Ge => value >= self.text,
                Operator::Contains => contains(value, self.text),
                Operator::StartsWith => value.starts_with(self.text),
            }
    }
}

/// `str::contains` prepares itself for each text, which takes longer than to look through a short one.
fn contains(text: &str, part: &str) -> bool {
    match part.as_bytes() {
        [first, ..] if text.len() <= 64 => text
            .as_bytes()
            .windows(part.len())
            .any(|window| window[0] == *first && window == part.as_bytes()),
        _ => text.contains(part),
    }
}

impl Probe<'_> {
    /// Whether testing a chunk takes long.
    fn is_slow(&self) -> bool {
        matches!(
            self,
            Self::Text(..) | Self::Bytes(..) | Self::List(..) | Self::Entry(..) | Self::Name(_)
        )
    }
}

impl<'a> Test<'a> {
    /// The condition on entities of `entity_type`.
    ///
    /// # Errors
    /// It does not fit the type's fields.
    pub(super) fn bind(
        tree: &'a Tree,
        entity_type: TypeId,
        condition: &'a Condition,
    ) -> Result<Self> {
        Binding { tree, entity_type }.bind(condition, true, DEEPEST)
    }

    /// All of them, quick ones first.
    fn every(parts: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Self::Every(parts) => flat.extend(parts),
                part => flat.push(part),
            }
        }
        flat.sort_by_key(|part| match part {
            Self::Leaf(leaf) => u8::from(leaf.probe.is_slow()),
            _ => 2,
        });
        Self::Every(flat)
    }

    /// Adds the fields that the test reads to those that it has not named yet.
    pub(super) fn fields(&self, fields: &mut Vec<FieldId>) {
        match self {
            Self::Every(parts) | Self::Any(parts) => {
                parts.iter().for_each(|part| part.fields(fields));
            }
            Self::Leaf(leaf) if !fields.contains(&leaf.field) => fields.push(leaf.field),
            Self::Leaf(_) => {}
        }
    }
}

struct Binding<'a> {
    tree: &'a Tree,
    entity_type: TypeId,
}

impl<'a> Binding<'a> {
    fn bind(&self, condition: &'a Condition, wanted: bool, deeper: usize) -> Result<Test<'a>> {
        let deeper = deeper.checked_sub(1).ok_or_else(|| Error::Refused {
            what: SmolStr::new_static("the query"),
            reason: format!("its conditions are nested more than {DEEPEST} deep").into(),
        })?;
        match condition {
            Condition::Not(inner) => self.bind(inner, !wanted, deeper),
            Condition::Every(parts) | Condition::Any(parts) => {
                let parts = parts.iter().map(|part| self.bind(part, wanted, deeper));
                let parts = parts.collect::<Result<Vec<_>>>()?;
                let every = matches!(condition, Condition::Every(_)) == wanted;
                Ok(if every {
                    Test::every(parts)
                } else {
                    Test::Any(parts)
                })
            }
            Condition::IsUnset { field } => self.presence(field, !wanted),
            Condition::Compare {
                field,
                operator,
                value,
            } => self.comparison(field, *operator, value, wanted),
        }
    }

    fn presence(&self, name: &SmolStr, set: bool) -> Result<Test<'a>> {
        let field = self.tree.field_id(self.entity_type, name)?;
        let probe = match (self.column(field), set) {
            (Some(column), true) => Probe::Set(column),
            (Some(column), false) => Probe::Unset(column),
            (None, set) if field == FieldId::PARENT => Probe::HasParent(set),
            (None, true) => Probe::Always,
            (None, false) => Probe::Never,
        };
        Ok(Test::Leaf(Leaf {
            field,
            probe,
            sought: None,
        }))
    }

    fn comparison(
        &self,
        name: &SmolStr,
        operator: Operator,
        value: &'a Value,
        wanted: bool,
    ) -> Result<Test<'a>> {
        let field = self.tree.field_id(self.entity_type, name)?;
        let misfit = |given: String| Error::Query {
            field: name.clone(),
            expected: kind_of(self.tree, self.entity_type, field),
            given: given.into(),
        };
        let kind = kind_of(self.tree, self.entity_type, field);
        let operand = operand(kind, operator).and_then(|operand| match field {
            FieldId::CHILDREN => Err("ask for the Parent of the children instead"),
            _ => Ok(operand),
        });
        let operand = operand.map_err(|reason| Error::Operator {
            field: name.clone(),
            kind,
            operator: operator.name(),
            reason,
        })?;
        if value.kind() != operand {
            return Err(misfit(format!("{value:?}, which is {}", value.kind())));
        }
        if matches!(value, Value::Float(number) if number.is_nan()) {
            return Err(misfit("NaN, which is no number".into()));
        }
        let (operator, wanted) = match wanted {
            true => (operator, true),
            false => contrary(operator),
        };
        let probe = match self.column(field) {
            None => self.system(field, operator, value, wanted),
            Some(column) => self.probe(field, column, operator, value, wanted),
        };
        Ok(Test::Leaf(Leaf {
            field,
            probe: probe.map_err(misfit)?,
            sought: (wanted && operator != Operator::Ne).then_some((operator, value)),
        }))
    }

    /// The column of a field; `Name`, `Parent` and `Children` have none.
    fn column(&self, field: FieldId) -> Option<&'a Column> {
        let table = self.tree.table(self.entity_type);
        let position = table.layout.position(field)?;
        Some(&table.columns[position])
    }

    fn system(
        &self,
        field: FieldId,
        operator: Operator,
        value: &'a Value,
        wanted: bool,
    ) -> Result<Probe<'a>, String> {
        Ok(match value {
            Value::String(text) if field == FieldId::NAME => Probe::Name(TextProbe {
                operator,
                text,
                wanted,
            }),
            Value::EntityReference(id) => {
                Probe::Parent(self.tree.find(*id).unwrap_or(0), operator == Operator::Eq)
            }
            _ => return Err(format!("{value:?}, which is {}", value.kind())),
        })
    }

    fn probe(
        &self,
        field: FieldId,
        column: &'a Column,
        operator: Operator,
        value: &'a Value,
        wanted: bool,
    ) -> Result<Probe<'a>, String> {
        let equal = operator == Operator::Eq;
        Ok(match (column, value) {
            (Column::Int(cells), Value::Int(value)) => Probe::Int(cells, operator, *value),
            (Column::Float(cells), Value::Float(value)) => Probe::Float(cells, operator, *value),
            (Column::Bool(cells), Value::Bool(value)) => Probe::Bool(cells, operator, *value),
            (Column::Time(cells), Value::Timestamp(value)) => Probe::Time(cells, operator, *value),
            (Column::Reference(cells), Value::EntityReference(id)) => {
                Probe::Reference(cells, operator, self.tree.find(*id).unwrap_or(0))
            }
            (Column::Choice(cells), Value::Choice(name)) => {
                Probe::Choice(cells, operator, self.variant(field, name)?)
            }
            (Column::Text(cells), Value::String(text) | Value::Transformation(text)) => {
                let probe = TextProbe {
                    operator,
                    text,
                    wanted,
                };
                Probe::Text(cells, probe)
            }
            (Column::Bytes(cells), Value::BinaryFile(bytes)) => Probe::Bytes(cells, bytes, equal),
            (Column::List(cells), Value::EntityList(ids)) => Probe::List(cells, ids, equal),
            (Column::List(cells), Value::EntityReference(id)) => Probe::Entry(cells, *id, wanted),
            _ => return Err(format!("{value:?}, which is {}", value.kind())),
        })
    }

    /// A variant's place among the others.
    fn variant(&self, field: FieldId, name: &SmolStr) -> Result<u16, String> {
        let choices = self
            .tree
            .field_schema(self.entity_type, field)
            .map_or(&[][..], |schema| &schema.choices);
        match choices.iter().position(|choice| choice == name) {
            Some(at) => Ok(at as u16),
            None => Err(format!("{name}, which is none of {}", choices.join(", "))),
        }
    }
}

/// The kind of a field, system fields included.
pub(super) fn kind_of(tree: &Tree, entity_type: TypeId, field: FieldId) -> Kind {
    match tree.field_schema(entity_type, field) {
        Some(schema) => schema.kind,
        None if field == FieldId::NAME => Kind::String,
        None if field == FieldId::PARENT => Kind::EntityReference,
        None => Kind::EntityList,
    }
}

/// What an operator compares a field of that kind with, or why it does not.
fn operand(kind: Kind, operator: Operator) -> Result<Kind, &'static str> {
    match (operator, kind) {
        (Operator::Eq | Operator::Ne, kind) => Ok(kind),
        (Operator::Contains | Operator::StartsWith, Kind::String | Kind::Transformation) => {
            Ok(Kind::String)
        }
        (Operator::Contains, Kind::EntityList) => Ok(Kind::EntityReference),
        (Operator::Contains, _) => Err("only texts and lists contain something"),
        (Operator::StartsWith, _) => Err("only texts start with something"),
        (_, kind) if kind.is_ordered() => Ok(kind),
        _ => Err("its values have no order, ask eq, ne or is_unset"),
    }
}

/// The operator that passes what the other does not, or the same one, not wanted.
fn contrary(operator: Operator) -> (Operator, bool) {
    match operator {
        Operator::Eq => (Operator::Ne, true),
        Operator::Ne => (Operator::Eq, true),
        Operator::Lt => (Operator::Ge, true),
        Operator::Le => (Operator::Gt, true),
        Operator::Gt => (Operator::Le, true),
        Operator::Ge => (Operator::Lt, true),
        Operator::Contains | Operator::StartsWith => (operator, false),
    }
}
