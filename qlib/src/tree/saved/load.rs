//! A tree from parts.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use crate::model::{EntityId, FieldId, FieldSchema, Schema, Timestamp, TypeId};
use crate::tree::column::{Column, PackedStamp, read};
use crate::tree::index::Key;
use crate::tree::names::NO_TYPE;
use crate::tree::ordered::OrderedSet;
use crate::tree::referrers::Referrer;
use crate::tree::saved::save::Part;
use crate::tree::saved::{stamps, values};
use crate::tree::table::Table;
use crate::tree::types::{Layout, TypeTable};
use crate::tree::{Links, Node, Tree, id_hash};
use crate::wire::{Malformed, from_entity_id, proto::snapshot as proto};

const GONE: Malformed = Malformed("a reference to an entity that does not exist");

/// A tree that is being read. What is wrong with a part is said; a file whose checksums are right
/// and that says something else than a tree was not written by this code.
#[derive(Debug)]
pub(crate) struct Load {
    tree: Tree,
    /// Entities that the header says there are, those that came, and those that have a parent.
    entities: u64,
    came: u64,
    placed: u64,
}

impl Load {
    /// Begins with the header.
    ///
    /// # Errors
    /// What is wrong with it; the version is for the caller to look at.
    pub(crate) fn new(header: proto::Header) -> Result<Self, Malformed> {
        let mut tree = Tree {
            revision: header.revision,
            time: Timestamp::from_nanos(header.time),
            used: header.nodes.max(1),
            ..Tree::default()
        };
        tree.limits = match header.limits {
            Some(limits) => limits.try_into()?,
            None => return Err(Malformed("no limits")),
        };
        let fences = header.fences.into_iter();
        tree.fences = fences
            .map(|fence| (fence.election.into(), fence.token))
            .collect();
        let cursors = header.cursors.into_iter();
        tree.cursors = cursors
            .map(|named| {
                let cursor = named.cursor.ok_or(Malformed("a cursor without a place"))?;
                Ok((named.name.into(), cursor.try_into()?))
            })
            .collect::<Result<_, Malformed>>()?;
        let writers: Vec<SmolStr> = header.writers.into_iter().map(Into::into).collect();
        if writers.first().is_none_or(|first| !first.is_empty()) {
            return Err(Malformed("the first writer has a name"));
        }
        let numbers = (0..).zip(&writers);
        tree.writer_numbers = Arc::new(numbers.map(|(n, name)| (name.clone(), n)).collect());
        tree.writers = Arc::new(writers);
        let fields = header.fields.into_iter();
        let fields = fields.map(|field| (field.r#type.map_or(NO_TYPE, TypeId), field.name.into()));
        tree.fields = Arc::new(fields.collect());
        tree.load_types(header.types)?;
        Ok(Self {
            tree,
            entities: header.entities,
            came: 0,
            placed: 0,
        })
    }

    /// Takes the next part.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn take(&mut self, part: Part) -> Result<(), Malformed> {
        match part {
            Part::Free(free) => self.tree.load_free(free),
            Part::Entities(entities) => {
                self.came += self.tree.load_entities(&entities)?;
                Ok(())
            }
            Part::Families(families) => families.families.into_iter().try_for_each(|family| {
                self.placed += self.tree.load_family(family)? as u64;
                Ok(())
            }),
            Part::Column(column) => self.tree.load_column(&column),
            Part::Header(_) | Part::Footer(_) => Err(Malformed("a header or a footer in between")),
        }
    }

    /// The tree, once all parts were taken.
    ///
    /// # Errors
    /// What is missing or contradicts itself.
    pub(crate) fn finish(self) -> Result<Tree, Malformed> {
        let mut tree = self.tree;
        if self.came != self.entities || self.placed + 1 != self.came.max(1) {
            return Err(Malformed("not as many entities as its header says"));
        }
        if !complete(&tree.free, 1..tree.used, |node| tree.is_live(node)) {
            return Err(Malformed("a node is neither used nor free, or both"));
        }
        for table in &tree.types {
            if !complete(&table.free, 0..table.used, |slot| table.node(slot) != 0) {
                return Err(Malformed("a slot is neither used nor free, or both"));
            }
        }
        tree.enter_all()?;
        tree.index_all()?;
        Ok(tree)
    }
}

/// Whether each number is used or free, and none both.
fn complete(free: &[u32], mut numbers: Range<u32>, is_used: impl Fn(u32) -> bool) -> bool {
    let mut free = free.to_vec();
    free.sort_unstable();
    let mut free = free.into_iter().peekable();
    numbers.all(|number| free.next_if_eq(&number).is_some() != is_used(number))
        && free.next().is_none()
}

impl Tree {
    fn load_types(&mut self, types: Vec<proto::Type>) -> Result<(), Malformed> {
        let mut numbers: FxHashMap<(TypeId, SmolStr), FieldId> = FxHashMap::default();
        for (number, field) in (0..).zip(self.fields.iter()) {
            numbers.insert(field.clone(), FieldId(number));
        }
        let mut schemas: Vec<Schema> = Vec::with_capacity(types.len());
        for (number, entity_type) in (0..).zip(&types) {
            let schema = entity_type.schema.clone();
            let schema: Schema = schema
                .ok_or(Malformed("a type without a schema"))?
                .try_into()?;
            self.type_names.insert(schema.name.clone(), TypeId(number));
            schemas.push(schema);
        }
        if self.type_names.len() != schemas.len() {
            return Err(Malformed("two types of the same name"));
        }
        for (number, entity_type) in (0..).zip(&types) {
            let layout = self.load_layout(TypeId(number), &schemas, &numbers)?;
            let mut table = TypeTable::new(Arc::new(layout));
            table.used = entity_type.slots;
            self.types.push(table);
        }
        Ok(())
    }

    fn load_layout(
        &self,
        entity_type: TypeId,
        schemas: &[Schema],
        numbers: &FxHashMap<(TypeId, SmolStr), FieldId>,
    ) -> Result<Layout, Malformed> {
        let mut lineage = Vec::new();
        let mut above = Some(entity_type);
        while let Some(next) = above {
            if lineage.contains(&next) {
                return Err(Malformed("a type that extends itself"));
            }
            lineage.push(next);
            above = match &schemas[next.0 as usize].base {
                Some(base) => {
                    let base = self.type_names.get(base);
                    Some(*base.ok_or(Malformed("a type that extends an unknown one"))?)
                }
                None => None,
            };
        }
        let mut fields: Vec<(FieldId, FieldSchema)> = Vec::new();
        for declared_by in lineage.iter().rev() {
            for field in &schemas[declared_by.0 as usize].fields {
                let number = numbers.get(&(*declared_by, field.name.clone()));
                let number = *number.ok_or(Malformed("a field without a number"))?;
                if field.fault().is_some() {
                    return Err(Malformed("a field whose definition contradicts itself"));
                }
                fields.push((number, field.clone()));
            }
        }
        if fields.len() > usize::from(u16::MAX) - 2 {
            return Err(Malformed("a type of too many fields"));
        }
        Ok(Layout::new(
            schemas[entity_type.0 as usize].clone(),
            lineage,
            fields,
        ))
    }

    fn load_free(&mut self, message: proto::Free) -> Result<(), Malformed> {
        let (free, used) = match message.r#type {
            None => (&mut self.free, self.used),
            Some(number) => {
                let table = self.types.get_mut(number as usize);
                let table = table.ok_or(Malformed("free slots of an unknown type"))?;
                (&mut table.free, table.used)
            }
        };
        free.extend(message.numbers);
        if free.len() as u64 > u64::from(used) {
            return Err(Malformed("more is free than was ever used"));
        }
        Ok(())
    }

    /// Says how many entities the part has.
    fn load_entities(&mut self, message: &proto::Entities) -> Result<u64, Malformed> {
        const FEWER: Malformed = Malformed("fewer entities than slots");
        let number = message.r#type as usize;
        let slots = self.types.get(number).map_or(0, |table| table.used);
        if u64::from(message.first) + message.nodes.len() as u64 > u64::from(slots) {
            return Err(Malformed("an entity in a slot that its type lacks"));
        }
        let placed = stamps::read(self, message.placed.as_ref(), |_| PackedStamp::NEVER)?;
        let (mut count, mut node, mut name) = (0, 0i64, 0);
        for (slot, difference) in (message.first..).zip(&message.nodes) {
            node = node.wrapping_add(*difference);
            if node == 0 {
                continue;
            }
            let known = u32::try_from(node).ok().filter(|node| *node < self.used);
            let known = known.ok_or(Malformed("an entity in a node that was never used"))?;
            let (Some(high), Some(low), Some(length), Some(placed)) = (
                message.high.get(count),
                message.low.get(count),
                message.lengths.get(count),
                placed.get(count),
            ) else {
                return Err(FEWER);
            };
            let id = from_entity_id(*high, *low);
            let end = name + *length as usize;
            if self.is_live(known) || self.types[number].node(slot) != 0 {
                return Err(Malformed("two entities in one place"));
            }
            *self.nodes.get_mut(known as usize) = Node {
                id,
                entity_type: message.r#type,
                slot,
            };
            *self.links.get_mut(known as usize) = Links {
                name: message.names.get(name..end).ok_or(FEWER)?.into(),
                placed: *placed,
                ..Links::default()
            };
            *self.types[number].nodes.get_mut(slot as usize) = known;
            if id == EntityId::ROOT {
                self.root = known;
            }
            name = end;
            count += 1;
        }
        Ok(count as u64)
    }

    fn load_column(&mut self, message: &proto::Column) -> Result<(), Malformed> {
        const UNKNOWN: Malformed = Malformed("a column that its type lacks");
        let number = message.r#type as usize;
        let table = self.types.get(number).ok_or(UNKNOWN)?;
        let position = table
            .layout
            .position(FieldId(message.field))
            .ok_or(UNKNOWN)?;
        let variants = table.layout.fields[position].schema.choices.len();
        let stamps = stamps::read(self, message.stamps.as_ref(), |at| {
            self.links(table.node(message.first.saturating_add(at as u32)))
                .placed
        })?;
        if u64::from(message.first) + stamps.len() as u64 > u64::from(table.used) {
            return Err(Malformed("a value in a slot that its type lacks"));
        }
        let column = &mut self.types[number].columns[position];
        values::load(column, message, &stamps, variants)
    }

    /// Makes all nodes known by their ids and names.
    fn enter_all(&mut self) -> Result<(), Malformed> {
        let live = || (1..self.used).filter(|node| self.is_live(*node));
        let ids = live().map(|node| (id_hash(self.node(node).id), node));
        let same_id = |a, b| self.node(a).id == self.node(b).id;
        let by_id = Table::of(ids, same_id).ok_or(Malformed("two entities of one id"))?;
        let names = live().filter(|node| *node != self.root).map(|node| {
            let Links { parent, name, .. } = self.links(node);
            (self.name_hash(*parent, name), node)
        });
        let same_name = |a, b| {
            let (a, b) = (self.links(a), self.links(b));
            a.parent == b.parent && a.name == b.name
        };
        let by_name = Table::of(names, same_name).ok_or(Malformed("two children of one name"))?;
        (self.by_id, self.by_name) = (by_id, by_name);
        Ok(())
    }

    /// Builds the indexes and the referrers.
    fn index_all(&mut self) -> Result<(), Malformed> {
        let mut indexes: BTreeMap<FieldId, (bool, Vec<(Key, u32)>)> = BTreeMap::new();
        let mut referrers = Vec::new();
        for table in &self.types {
            for (position, field) in table.layout.fields.iter().enumerate() {
                let column = &table.columns[position];
                if matches!(column, Column::Reference(_) | Column::List(_)) {
                    self.refer(table, column, field.id, &mut referrers)?;
                }
                if field.schema.index || field.schema.unique {
                    let (unique, keys) = indexes.entry(field.id).or_default();
                    *unique |= field.schema.unique;
                    keys.extend(table.live().filter_map(|(slot, node)| {
                        Some((Key::of(self.cell(table, position, slot)?)?, node))
                    }));
                }
            }
        }
        referrers.sort_unstable();
        referrers.dedup();
        // In the order of targets, one chunk after the other.
        if !referrers
            .iter()
            .all(|referrer| self.is_live(referrer.target))
        {
            return Err(GONE);
        }
        for referrer in referrers {
            self.referrers.insert(referrer);
        }
        for (field, (unique, mut keys)) in indexes {
            keys.sort_unstable();
            if unique && keys.windows(2).any(|pair| pair[0].0 == pair[1].0) {
                return Err(Malformed(
                    "two entities hold the same value of a unique field",
                ));
            }
            self.indexes.insert(field, OrderedSet::from_sorted(keys));
        }
        Ok(())
    }

    /// Enters what a column refers to.
    fn refer(
        &self,
        table: &TypeTable,
        column: &Column,
        field: FieldId,
        referrers: &mut Vec<Referrer>,
    ) -> Result<(), Malformed> {
        for (slot, node) in table.live() {
            let mut enter = |target| {
                referrers.push(Referrer {
                    target,
                    node,
                    field,
                });
            };
            match column {
                Column::Reference(cells) => read(cells, slot)
                    .into_iter()
                    .for_each(|target| enter(*target)),
                Column::List(cells) => {
                    for id in read(cells, slot).into_iter().flat_map(|ids| ids.iter()) {
                        enter(self.find(*id).ok_or(GONE)?);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}
