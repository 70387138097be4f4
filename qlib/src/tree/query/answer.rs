//! Running a query on a tree, and putting what it finds in order.

use std::cmp::Reverse;

use crate::model::{
    EntityId, Error, FieldId, Kind, Page, PageToken, Query, Result, TypeId, Value, ValueRef,
};
use crate::tree::bits::Bits;
use crate::tree::chunked::CHUNK;
use crate::tree::index::Key;
use crate::tree::query::access::candidates;
use crate::tree::query::bind::{Test, kind_of};
use crate::tree::query::scan::Chunk;
use crate::tree::query::token::Cursor;
use crate::tree::{EntityRef, Tree};

/// One in so many entities is the most that is looked for by an index: beyond that, looking at all
/// of them in a row is quicker.
const WORTH: usize = 32;

/// An index is good for so many entities however few there are.
const ALWAYS_WORTH: usize = 64;

/// The entities of a tree that a query found.
#[derive(Debug)]
pub struct Answer<'a> {
    tree: &'a Tree,
    query: &'a Query,
    order: Option<(FieldId, Kind)>,
    fields: Vec<FieldId>,
    /// All that passed, in no order.
    nodes: Vec<u32>,
}

impl Query {
    /// Runs the query on one tree.
    ///
    /// ```
    /// use qlib::{Commit, Condition, EntityId, Kind, Op, Query, Schema, Timestamp, Tree};
    ///
    /// let mut tree = Tree::default();
    /// let device = Schema::new("Device").field("Temperature", Kind::Float);
    /// let commit = Commit { ops: [Op::SetSchema(Box::new(device))].into_iter().collect(), ..Commit::default() };
    /// tree.apply(&commit, 1, Timestamp::EPOCH)?;
    ///
    /// let hot = Query::new("Device").filter(Condition::field("Temperature").gt(80.0));
    /// assert_eq!(hot.run(&tree)?.ids(), []);
    /// let typo = Query::new("Device").filter(Condition::field("Temprature").gt(80.0));
    /// assert_eq!(
    ///     typo.run(&tree).unwrap_err().to_string(),
    ///     "Device has no field Temprature; did you mean Temperature?",
    /// );
    /// # Ok::<(), qlib::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownType`], [`Error::UnknownField`]; [`Error::Operator`]: the kind of a field does
    /// not have that operator, or no order; [`Error::Query`]: a field is compared with a value of
    /// another kind, with a variant that it does not have, or with NaN; [`Error::Refused`]: the
    /// conditions are nested too deep.
    pub fn run<'a>(&'a self, tree: &'a Tree) -> Result<Answer<'a>> {
        let entity_type = tree.type_id(&self.entity_type)?;
        let test = Test::bind(tree, entity_type, &self.condition)?;
        let order = self.order_field(tree, entity_type)?;
        let mut fields = Vec::new();
        test.fields(&mut fields);
        if let Some((field, _)) = order.filter(|(field, _)| !fields.contains(field)) {
            fields.push(field);
        }
        let mut tests = Vec::new();
        for each in tree.subtypes(entity_type) {
            if tree.table(each).len() != 0 {
                tests.push((each, Test::bind(tree, each, &self.condition)?));
            }
        }
        let most = (tree.count(entity_type) / WORTH).max(ALWAYS_WORTH);
        let nodes = match candidates(tree, &test, most) {
            Some(nodes) => verify(tree, &tests, &nodes),
            None => scan(tree, &tests),
        };
        Ok(Answer {
            tree,
            query: self,
            order,
            fields,
            nodes,
        })
    }

    fn order_field(&self, tree: &Tree, entity_type: TypeId) -> Result<Option<(FieldId, Kind)>> {
        let Some(order) = &self.order else {
            return Ok(None);
        };
        let field = tree.field_id(entity_type, &order.field)?;
        let kind = kind_of(tree, entity_type, field);
        if kind.is_ordered() {
            return Ok(Some((field, kind)));
        }
        Err(Error::Operator {
            field: order.field.clone(),
            kind,
            operator: "the order",
            reason: "only Int, Float, String and Timestamp have one",
        })
    }
}

/// Those of all entities that pass the test of their type.
fn scan(tree: &Tree, tests: &[(TypeId, Test<'_>)]) -> Vec<u32> {
    let mut found = Vec::new();
    for (entity_type, test) in tests {
        let table = tree.table(*entity_type);
        for first in (0..table.used as usize).step_by(CHUNK) {
            let Some(chunk) = Chunk::at(tree, table, first) else {
                continue;
            };
            let passing = chunk.passing(test, chunk.live());
            found.extend(passing.into_iter().map(|at| chunk.nodes[at]));
        }
    }
    found
}

/// Those of some nodes that pass the test of their type.
fn verify(tree: &Tree, tests: &[(TypeId, Test<'_>)], nodes: &[u32]) -> Vec<u32> {
    let mut slots: Vec<(u32, u32)> = nodes
        .iter()
        .map(|node| tree.node(*node))
        .map(|node| (node.entity_type, node.slot))
        .collect();
    slots.sort_unstable();
    let mut found = Vec::new();
    let in_one_chunk =
        |a: &(u32, u32), b: &(u32, u32)| (a.0, a.1 as usize / CHUNK) == (b.0, b.1 as usize / CHUNK);
    for slots in slots.chunk_by(in_one_chunk) {
        let (entity_type, first) = (TypeId(slots[0].0), slots[0].1 as usize / CHUNK * CHUNK);
        let Some((_, test)) = tests.iter().find(|(each, _)| *each == entity_type) else {
            continue;
        };
        let Some(chunk) = Chunk::at(tree, tree.table(entity_type), first) else {
            continue;
        };
        let mut among = Bits::NONE;
        for (_, slot) in slots {
            among.set(*slot as usize % CHUNK, true);
        }
        let passing = chunk.passing(test, among);
        found.extend(passing.into_iter().map(|at| chunk.nodes[at]));
    }
    found
}

impl<'a> Answer<'a> {
    /// The fields that decided what was found and in which order.
    #[must_use]
    pub fn fields(&self) -> &[FieldId] {
        &self.fields
    }

    /// How many entities were found.
    #[must_use]
    pub fn count(&self) -> usize {
        self.nodes.len().min(self.most())
    }

    /// The ids of the entities, in order.
    #[must_use]
    pub fn ids(&self) -> Vec<EntityId> {
        if self.order.is_none() && self.query.limit.is_none() {
            let id = |node: &u32| self.tree.node(*node).id;
            let mut ids: Vec<EntityId> = self.nodes.iter().map(id).collect();
            ids.sort_unstable();
            return ids;
        }
        self.entities().into_iter().map(EntityRef::id).collect()
    }

    /// The entities, in order.
    #[must_use]
    pub fn entities(&self) -> Vec<EntityRef<'a>> {
        self.arranged(None, self.most()).0
    }

    /// At most `n` entities, and at least one if there is any, from where the page before ended.
    ///
    /// An entity that passes throughout, and whose place in the order stays, comes on exactly one
    /// page, whatever else changes between the pages.
    ///
    /// # Errors
    /// [`Error::BadPageToken`]: `after` comes from another query.
    pub fn page(&self, after: Option<&PageToken>, n: usize) -> Result<Page<EntityRef<'a>>> {
        let after = after
            .map(|token| Cursor::parse(token, self.query, self.order.map(|(_, kind)| kind)))
            .transpose()?;
        let left = after.as_ref().map_or(self.most(), |cursor| cursor.left);
        let (hits, more) = self.arranged(after.as_ref(), left.min(n.max(1)));
        let left = left - hits.len();
        let next = hits.last().filter(|_| more && left > 0).map(|last| {
            let key = self.key(*last).map(ValueRef::to_value);
            let id = last.id();
            Cursor { key, id, left }.token(self.query)
        });
        Ok(Page { hits, next })
    }

    fn most(&self) -> usize {
        self.query.limit.unwrap_or(usize::MAX)
    }

    /// What the entity is ordered by.
    #[inline]
    fn key(&self, entity: EntityRef<'a>) -> Option<ValueRef<'a>> {
        match self.order?.0 {
            FieldId::NAME => Some(ValueRef::String(entity.name())),
            field => entity.column(field).ok()?,
        }
    }

    /// The first `most` entities behind `after`, and whether there are more.
    fn arranged(&self, after: Option<&Cursor>, most: usize) -> (Vec<EntityRef<'a>>, bool) {
        let descending = self
            .query
            .order
            .as_ref()
            .is_some_and(|order| order.descending);
        match (self.order, descending) {
            (None, _) => self.sorted(EntityRef::id, after.map(|after| after.id), most),
            (Some((_, Kind::String)), false) => self.by_value(text, after, most),
            (Some((_, Kind::String)), true) => self.by_value(|key| Reverse(text(key)), after, most),
            (Some(_), false) => self.by_value(number, after, most),
            (Some(_), true) => self.by_value(|key| Reverse(number(key)), after, most),
        }
    }

    /// The same, by what `sort` makes of the values that order them. Those without come last.
    fn by_value<'s, K: Ord>(
        &'s self,
        sort: impl Fn(ValueRef<'s>) -> K,
        after: Option<&'s Cursor>,
        most: usize,
    ) -> (Vec<EntityRef<'a>>, bool) {
        let place = |value: Option<ValueRef<'s>>, id| (value.is_none(), value.map(&sort), id);
        let after = after.map(|after| place(after.key.as_ref().map(Value::as_ref), after.id));
        self.sorted(|entity| place(self.key(entity), entity.id()), after, most)
    }

    /// The same, by the places of the entities.
    fn sorted<P: Ord>(
        &self,
        place: impl Fn(EntityRef<'a>) -> P,
        after: Option<P>,
        most: usize,
    ) -> (Vec<EntityRef<'a>>, bool) {
        let mut first = Smallest::new(most);
        for node in &self.nodes {
            let entity = self.tree.entity_at(*node);
            let place = place(entity);
            if after.as_ref().is_none_or(|after| place > *after) {
                first.offer(place, entity);
            }
        }
        first.sorted()
    }
}

/// Keeps the `most` smallest of what it is offered.
struct Smallest<P, V> {
    most: usize,
    kept: Vec<(P, V)>,
    /// Something was offered and not kept: the last of the first `most` is the one to beat.
    more: bool,
}

impl<P: Ord, V> Smallest<P, V> {
    /// Entries that are kept beyond the smallest before they are sorted out.
    const SPARE: usize = 1024;

    fn new(most: usize) -> Self {
        Self {
            most,
            kept: Vec::new(),
            more: false,
        }
    }

    #[inline]
    fn offer(&mut self, place: P, value: V) {
        let last = || self.kept.get(self.most.wrapping_sub(1));
        if self.more && last().is_none_or(|last| place > last.0) {
            return;
        }
        self.kept.push((place, value));
        if self.kept.len() > self.most.saturating_mul(2).max(Self::SPARE) {
            self.sort_out();
        }
    }

    #[cold]
    fn sort_out(&mut self) {
        let last = self.most.saturating_sub(1);
        self.kept.select_nth_unstable_by(last, |a, b| a.0.cmp(&b.0));
        self.kept.truncate(self.most);
        self.more = true;
    }

    /// What was kept, in order, and whether there was more.
    fn sorted(mut self) -> (Vec<V>, bool) {
        self.kept.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let more = self.more || self.kept.len() > self.most;
        self.kept.truncate(self.most);
        (
            self.kept.into_iter().map(|(_, value)| value).collect(),
            more,
        )
    }
}

fn text(value: ValueRef<'_>) -> &str {
    match value {
        ValueRef::String(text) => text,
        _ => "",
    }
}

/// A number, a time or a float as a number that sorts as it does.
fn number(value: ValueRef<'_>) -> i64 {
    match Key::of(value) {
        Some(Key::Number(number)) => number,
        _ => 0,
    }
}
