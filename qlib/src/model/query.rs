//! A query as data, and what it gives.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use smol_str::SmolStr;

use crate::model::{Condition, EntityId, Field, FieldType, Ordered, Result};

/// Which entities of a type are asked for, in which order, and how many of them.
///
/// ```
/// use qlib::{Condition, OrderBy, Query};
/// let hottest = Query::new("Device")
///     .filter(Condition::field("Temperature").gt(80.0))
///     .order_by(OrderBy::descending("Temperature"))
///     .limit(10);
/// ```
#[derive(Clone, PartialEq, Debug)]
#[must_use = "a query does nothing until it is run"]
pub struct Query {
    /// The type; those that extend it count too.
    pub entity_type: SmolStr,
    /// What the entities must be like.
    pub condition: Condition,
    /// The order; without one it is that of the ids.
    pub order: Option<OrderBy>,
    /// The most entities that it gives.
    pub limit: Option<usize>,
}

impl Query {
    /// All entities of a type and of those that extend it.
    pub fn new(entity_type: impl Into<SmolStr>) -> Self {
        Self {
            entity_type: entity_type.into(),
            condition: Condition::default(),
            order: None,
            limit: None,
        }
    }

    /// Only those that pass `condition`, besides what was asked before.
    pub fn filter(mut self, condition: impl Into<Condition>) -> Self {
        self.condition = self.condition.and(condition.into());
        self
    }

    /// By the values of a field. Equal ones come by their ids, those without a value come last.
    pub fn order_by(mut self, order: OrderBy) -> Self {
        self.order = Some(order);
        self
    }

    /// No more than `limit`.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Tells queries apart: what a page token is tied to.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hasher = rustc_hash::FxHasher::default();
        (&self.entity_type, &self.condition, &self.order).hash(&mut hasher);
        self.limit.map(|limit| limit as u64).hash(&mut hasher);
        hasher.finish()
    }
}

/// The field by which a query orders, and which end comes first.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OrderBy {
    /// The field's name.
    pub field: SmolStr,
    /// The largest value comes first.
    pub descending: bool,
}

impl OrderBy {
    /// The smallest value first.
    #[must_use]
    pub fn ascending(field: impl Into<SmolStr>) -> Self {
        Self {
            field: field.into(),
            descending: false,
        }
    }

    /// The largest value first.
    #[must_use]
    pub fn descending(field: impl Into<SmolStr>) -> Self {
        Self {
            field: field.into(),
            descending: true,
        }
    }
}

/// [`OrderBy`] a field of `E`: a handle is ascending, `handle.descending()` the other way round.
pub struct Order<E> {
    by: OrderBy,
    of: PhantomData<fn() -> E>,
}

impl<E> fmt::Debug for Order<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.by.fmt(f)
    }
}

impl<E> From<Order<E>> for OrderBy {
    fn from(order: Order<E>) -> Self {
        order.by
    }
}

impl<E, T: FieldType<Base: Ordered>> From<Field<E, T>> for Order<E> {
    fn from(field: Field<E, T>) -> Self {
        field.ascending()
    }
}

/// Orders by the field.
impl<E, T: FieldType<Base: Ordered>> Field<E, T> {
    /// The smallest value first.
    #[must_use]
    pub fn ascending(self) -> Order<E> {
        Order {
            by: OrderBy::ascending(self.name()),
            of: PhantomData,
        }
    }

    /// The largest value first.
    #[must_use]
    pub fn descending(self) -> Order<E> {
        Order {
            by: OrderBy::descending(self.name()),
            of: PhantomData,
        }
    }
}

/// An entity that a query found.
#[derive(Clone, PartialEq, Debug)]
pub struct Hit<E> {
    /// Its id.
    pub id: EntityId,
    /// Its name.
    pub name: SmolStr,
    /// Its fields.
    pub value: E,
}

/// A part of what a query finds.
#[derive(Clone, PartialEq, Debug)]
pub struct Page<T> {
    /// The part.
    pub hits: Vec<T>,
    /// Where the next part begins; `None` if this was the last.
    pub next: Option<PageToken>,
}

impl<T> Page<T> {
    /// The page with each hit turned into something else.
    pub(crate) fn map<U>(self, each: impl FnMut(T) -> Result<U>) -> Result<Page<U>> {
        Ok(Page {
            hits: self.hits.into_iter().map(each).collect::<Result<_>>()?,
            next: self.next,
        })
    }
}

/// Where a page begins. Printable and opaque; good for the same query only, in every process.
///
/// ```
/// use qlib::PageToken;
/// let token = PageToken::from("0f");
/// assert_eq!(token.to_string(), "0f");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PageToken(SmolStr);

impl PageToken {
    /// The token as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for PageToken {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for PageToken {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}
