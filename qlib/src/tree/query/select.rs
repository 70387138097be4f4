//! Queries that are built and run where the data is: a tree, a store, a transaction.

use std::marker::PhantomData;

use crate::model::{Entity, EntityId, FieldId, Filter, Hit, Order, Page, PageToken, Query, Result};
use crate::tree::query::Answer;
use crate::tree::{EntityRef, Tree};

/// Where a query runs.
pub trait Source {
    /// Whether [`Source::note`] does anything.
    const NOTES: bool = false;

    /// Reads one consistent view.
    ///
    /// # Errors
    /// Those of `read`, and that there is no view.
    fn view<R>(&self, read: impl FnOnce(&Tree) -> Result<R>) -> Result<R>;

    /// The same for reads that take long: a store reads a snapshot, so that its writer goes on.
    ///
    /// # Errors
    /// Those of [`Source::view`].
    fn snapshot<R>(&self, read: impl FnOnce(&Tree) -> Result<R>) -> Result<R> {
        self.view(read)
    }

    /// Takes note of what a query gave, after the view has ended.
    fn note(&self, found: Found) {
        drop(found);
    }
}

/// What a query gave: the entities, and the fields that were read of each.
#[derive(Clone, PartialEq, Debug)]
pub struct Found {
    /// The entities.
    pub ids: Vec<EntityId>,
    /// The fields: those that decided, and those that were handed out.
    pub fields: Vec<FieldId>,
}

impl Source for Tree {
    fn view<R>(&self, read: impl FnOnce(&Tree) -> Result<R>) -> Result<R> {
        read(self)
    }
}

impl<S: Source> Source for &S {
    const NOTES: bool = S::NOTES;

    fn view<R>(&self, read: impl FnOnce(&Tree) -> Result<R>) -> Result<R> {
        (**self).view(read)
    }

    fn snapshot<R>(&self, read: impl FnOnce(&Tree) -> Result<R>) -> Result<R> {
        (**self).snapshot(read)
    }

    fn note(&self, found: Found) {
        (**self).note(found);
    }
}

/// Reading more rows than this takes long.
const MANY: usize = 1000;

/// Runs a query at `source`, and notes what it gave: `ids`, and the fields that decided; with `rows`,
/// the most whose values are handed out, all other fields too.
fn ask<S: Source, R>(
    source: &S,
    query: &Query,
    rows: Option<usize>,
    read: impl FnOnce(&Answer<'_>) -> Result<R>,
    ids: impl FnOnce(&R) -> Vec<EntityId>,
) -> Result<R> {
    let run = |tree: &Tree| {
        let answer = query.run(tree)?;
        let mut fields = answer.fields().to_vec();
        if S::NOTES && rows.is_some() {
            fields.push(FieldId::NAME);
            fields.extend(tree.field_ids(tree.type_id(&query.entity_type)?));
            fields.sort_unstable();
            fields.dedup();
        }
        Ok((read(&answer)?, fields))
    };
    let (given, fields) = match rows {
        Some(most) if most > MANY => source.snapshot(run)?,
        _ => source.view(run)?,
    };
    if S::NOTES {
        let ids = ids(&given);
        source.note(Found { ids, fields });
    }
    Ok(given)
}

/// Running it where the data is; [`Select`] is the same with types.
impl Query {
    /// The ids of the entities, in order.
    ///
    /// # Errors
    /// Those of [`Query::run`].
    pub fn ids(&self, source: &impl Source) -> Result<Vec<EntityId>> {
        ask(source, self, None, |answer| Ok(answer.ids()), Vec::clone)
    }

    /// How many entities there are.
    ///
    /// # Errors
    /// Those of [`Query::run`].
    pub fn count<S: Source>(&self, source: &S) -> Result<usize> {
        if S::NOTES {
            return Ok(self.ids(source)?.len());
        }
        source.view(|tree| Ok(self.run(tree)?.count()))
    }

    /// At most `n` ids, and at least one if there is any, from where the page before ended; see
    /// [`Answer::page`].
    ///
    /// # Errors
    /// Those of [`Query::run`] and of [`Answer::page`].
    pub fn page(
        &self,
        source: &impl Source,
        after: Option<&PageToken>,
        n: usize,
    ) -> Result<Page<EntityId>> {
        let read = |answer: &Answer<'_>| answer.page(after, n)?.map(|entity| Ok(entity.id()));
        ask(source, self, None, read, |page| page.hits.clone())
    }
}

/// A query for entities of type `E`, and where it runs: `store.select::<Device>()`.
#[must_use = "a query does nothing until it is run"]
#[derive(Debug)]
pub struct Select<S, E> {
    source: S,
    query: Query,
    of: PhantomData<fn() -> E>,
}

impl<S: Source, E: Entity> Select<S, E> {
    /// All entities of type `E` and of those that extend it.
    pub fn new(source: S) -> Self {
        Self {
            source,
            query: Query::new(E::TYPE),
            of: PhantomData,
        }
    }

    /// Only those that pass `filter`, besides what was asked before.
    pub fn filter(mut self, filter: Filter<E>) -> Self {
        self.query = self.query.filter(filter);
        self
    }

    /// By the values of a field: `Device::FIELDS.Temperature`, or that `.descending()`. Equal ones
    /// come by their ids, those without a value come last.
    pub fn order_by(mut self, order: impl Into<Order<E>>) -> Self {
        self.query = self.query.order_by(order.into().into());
        self
    }

    /// No more than `limit`.
    pub fn limit(mut self, limit: usize) -> Self {
        self.query = self.query.limit(limit);
        self
    }

    /// The same by names.
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// The ids of the entities, in order.
    ///
    /// # Errors
    /// Those of [`Query::run`].
    pub fn ids(&self) -> Result<Vec<EntityId>> {
        self.query.ids(&self.source)
    }

    /// How many entities there are.
    ///
    /// # Errors
    /// Those of [`Query::run`].
    pub fn count(&self) -> Result<usize> {
        self.query.count(&self.source)
    }

    /// The first entity.
    ///
    /// # Errors
    /// Those of [`Select::all`].
    pub fn first(&self) -> Result<Option<Hit<E>>> {
        let first = self.query.limit.unwrap_or(1).min(1);
        let mut hits = rows(&self.source, &self.query.clone().limit(first))?;
        Ok(hits.pop())
    }

    /// The entities, in order.
    ///
    /// # Errors
    /// Those of [`Query::run`], and those of [`Entity::read`]: an entity holds what the struct
    /// cannot.
    pub fn all(&self) -> Result<Vec<Hit<E>>> {
        rows(&self.source, &self.query)
    }

    /// At most `n` entities, and at least one if there is any, from where the page before ended; see
    /// [`Answer::page`].
    ///
    /// # Errors
    /// Those of [`Select::all`] and of [`Answer::page`].
    pub fn page(&self, after: Option<&PageToken>, n: usize) -> Result<Page<Hit<E>>> {
        let read = |answer: &Answer<'_>| answer.page(after, n)?.map(hit);
        ask(&self.source, &self.query, Some(n), read, |page| {
            ids(&page.hits)
        })
    }
}

fn rows<E: Entity>(source: &impl Source, query: &Query) -> Result<Vec<Hit<E>>> {
    let read = |answer: &Answer<'_>| {
        let entities = answer.entities();
        let mut hits = Vec::with_capacity(entities.len());
        for entity in entities {
            hits.push(hit(entity)?);
        }
        Ok(hits)
    };
    let most = query.limit.unwrap_or(usize::MAX);
    ask(source, query, Some(most), read, |hits: &Vec<Hit<E>>| {
        ids(hits)
    })
}

fn hit<E: Entity>(entity: EntityRef<'_>) -> Result<Hit<E>> {
    Ok(Hit {
        id: entity.id(),
        name: entity.name().clone(),
        value: E::read(&entity)?,
    })
}

fn ids<E>(hits: &[Hit<E>]) -> Vec<EntityId> {
    hits.iter().map(|hit| hit.id).collect()
}
