//! A tree as plain data, and a tree from plain data.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::model::{
    Change, DeletedEntity, EntityId, Error, FieldChange, FieldId, Image, ImageEntity, ImageField,
    Place, Placement, Quality, Result, Stamp, Value, ValueRef, limits::name_fault,
};
use crate::tree::apply::{Applying, Changes};
use crate::tree::types::TypeTable;
use crate::tree::{EntityRef, Tree, next_tag};

impl Tree {
    /// The whole tree as plain data.
    #[must_use]
    pub fn image(&self) -> Image {
        let mut schemas: Vec<_> = self
            .types()
            .map(|entity_type| {
                (
                    self.table(entity_type).layout.lineage.len(),
                    self.schema(entity_type).clone(),
                )
            })
            .collect();
        // A base before those that extend it.
        schemas.sort_by_key(|(depth, _)| *depth);
        let mut entities = Vec::with_capacity(self.len());
        let mut pending: Vec<EntityRef<'_>> = self.entity(EntityId::ROOT).into_iter().collect();
        while let Some(entity) = pending.pop() {
            entities.push(self.image_of(entity));
            let below = pending.len();
            pending.extend(entity.children());
            pending[below..].reverse();
        }
        Image {
            schemas: schemas.into_iter().map(|(_, schema)| schema).collect(),
            entities,
        }
    }

    fn image_of(&self, entity: EntityRef<'_>) -> ImageEntity {
        let layout = &self.table(entity.entity_type()).layout;
        let fields = layout.fields.iter().filter_map(|field| {
            let value = entity.column(field.id).ok()??.to_value();
            let stamp = entity.stamp(field.id).ok()?;
            let writer = self.writer(stamp.writer).clone();
            Some(ImageField {
                name: field.schema.name.clone(),
                value,
                time: stamp.time,
                writer,
                quality: stamp.quality,
            })
        });
        ImageEntity {
            id: entity.id(),
            entity_type: layout.schema.name.clone(),
            name: entity.name().clone(),
            parent: entity.parent().map(|parent| parent.id()),
            fields: fields.collect(),
        }
    }

    /// Replaces the tree by an image. What is the same in both keeps its stamp; the rest is written
    /// at this revision with the image's times and writers, as restored.
    pub(super) fn restore(&mut self, image: &Image, applying: &mut Applying) -> Result<()> {
        let mut fresh = self.emptied();
        let mut scratch = Applying::new(applying.stamp);
        for schema in &image.schemas {
            fresh.set_schema(schema, &mut scratch)?;
        }
        fresh.place_all(self, image, applying.stamp)?;
        fresh.fill_all(self, image, applying.stamp)?;
        fresh.date_families(self, applying.stamp);
        applying.changes.append(&mut difference(self, &fresh));
        *self = fresh;
        Ok(())
    }

    /// The types of this tree without their entities; numbers of types and fields stay.
    fn emptied(&self) -> Self {
        let types = self
            .types
            .iter()
            .map(|table| TypeTable::new(Arc::clone(&table.layout)));
        Self {
            revision: self.revision,
            time: self.time,
            limits: self.limits,
            tag: next_tag(),
            types: types.collect(),
            type_names: self.type_names.clone(),
            fields: Arc::clone(&self.fields),
            writers: Arc::clone(&self.writers),
            writer_numbers: Arc::clone(&self.writer_numbers),
            fences: self.fences.clone(),
            ..Self::default()
        }
    }

    fn place_all(&mut self, old: &Self, image: &Image, stamp: Stamp) -> Result<()> {
        for entity in &image.entities {
            if let Some(reason) = name_fault(&entity.name).filter(|_| entity.parent.is_some()) {
                return Err(Error::BadName {
                    name: entity.name.clone(),
                    reason,
                });
            }
            if self.find(entity.id).is_some() {
                return Err(Error::Exists {
                    entity: self.subject(entity.id),
                });
            }
            let entity_type = self.type_id(&entity.entity_type)?;
            let parent = match entity.parent {
                Some(parent) => self.find(parent).ok_or_else(|| Error::Missing {
                    entity: parent.into(),
                })?,
                None if entity.id == EntityId::ROOT => 0,
                None => {
                    return Err(Error::Missing {
                        entity: EntityId::ROOT.into(),
                    });
                }
            };
            if parent != 0 && self.find_child(parent, &entity.name).is_some() {
                let parent = self.subject(self.node(parent).id);
                return Err(Error::DuplicateName {
                    parent,
                    name: entity.name.clone(),
                });
            }
            let same = old.entity(entity.id).filter(|old| {
                *old.name() == entity.name && old.parent().map(EntityRef::id) == entity.parent
            });
            let placed = same
                .and_then(|old| old.stamp(FieldId::NAME).ok())
                .unwrap_or(stamp);
            let node = self.take_node(entity.id, entity_type.0);
            self.link(
                node,
                parent,
                self.family(parent).last,
                entity.name.clone(),
                placed,
                stamp.revision,
            );
        }
        if self.root == 0 {
            return Err(Error::Missing {
                entity: EntityId::ROOT.into(),
            });
        }
        Ok(())
    }

    fn fill_all(&mut self, old: &Self, image: &Image, stamp: Stamp) -> Result<()> {
        let mut writers: FxHashMap<&str, u32> = FxHashMap::default();
        for entity in &image.entities {
            let Some(node) = self.find(entity.id) else {
                continue;
            };
            let layout = Arc::clone(&self.types[self.node(node).entity_type as usize].layout);
            let before = old
                .entity(entity.id)
                .filter(|before| before.type_name() == &layout.schema.name);
            for given in &entity.fields {
                let Some(position) = layout
                    .named(&given.name)
                    .and_then(|field| layout.position(field.id))
                else {
                    let (entity_type, field) = (layout.schema.name.clone(), given.name.clone());
                    return Err(Error::UnknownField {
                        entity_type,
                        field,
                        suggestion: None,
                    });
                };
                let field = &layout.fields[position];
                self.check(entity.id, node, field, &given.value)?;
                let writer = match writers.get(given.writer.as_str()) {
                    Some(writer) => *writer,
                    None => *writers
                        .entry(&given.writer)
                        .or_insert(self.writer_number(&given.writer)),
                };
                let same = before.and_then(|before| {
                    let stamp = before.stamp(field.id).ok()?;
                    let equal = before.column(field.id).ok()? == Some(given.value.as_ref());
                    (equal && stamp.time == given.time && stamp.writer == writer).then_some(stamp)
                });
                let restored = Stamp {
                    time: given.time,
                    writer,
                    quality: Quality::Restored,
                    ..stamp
                };
                self.put(node, position, Some(&given.value), same.unwrap_or(restored));
            }
            for field in layout.fields.iter().filter(|field| field.schema.required) {
                if self.entity_at(node).column(field.id)?.is_none() {
                    return Err(Error::Unset {
                        entity: self.subject(entity.id),
                        field: field.schema.name.clone(),
                    });
                }
            }
        }
        Ok(())
    }

    /// Families that are the same in both trees had not changed.
    fn date_families(&mut self, old: &Self, stamp: Stamp) {
        for node in 1..self.used {
            if self.family(node).count == 0 {
                continue;
            }
            let names = |entity: EntityRef<'_>| -> Vec<_> {
                entity
                    .children()
                    .map(|child| (child.id(), child.name().clone()))
                    .collect()
            };
            let now = names(self.entity_at(node));
            let same = old
                .entity(self.node(node).id)
                .filter(|before| names(*before) == now);
            let revision = same
                .and_then(|before| before.stamp(FieldId::CHILDREN).ok())
                .map_or(stamp.revision, |stamp| stamp.revision);
            self.families.get_mut(node as usize).revision = revision;
        }
    }
}

/// What leads from one tree to the other: deletions from the leaves up, then the rest from the Root
/// down.
fn difference(old: &Tree, new: &Tree) -> Changes {
    let mut changes = Changes::new();
    for before in preorder(old).into_iter().rev() {
        if counterpart(before, new).is_none() {
            changes.push(Change::Deleted(Box::new(deleted(before))));
        }
    }
    for now in preorder(new) {
        let before = counterpart(now, old);
        let (from, to) = (before.and_then(place), place(now));
        let same_place = |a: &Place, b: &Place| a.parent == b.parent && a.name == b.name;
        if let Some(to) = to {
            let placement = |from| {
                Box::new(Placement {
                    id: now.id(),
                    entity_type: now.entity_type(),
                    previous_stamp: before
                        .and_then(|before| before.stamp(FieldId::NAME).ok())
                        .unwrap_or(Stamp::NEVER),
                    from,
                    to: to.clone(),
                })
            };
            match from {
                None => changes.push(Change::Created(placement(None))),
                Some(from) if !same_place(&from, &to) => {
                    changes.push(Change::Placed(placement(Some(from))))
                }
                Some(_) => {}
            }
        }
        for field in new.field_ids(now.entity_type()) {
            let cell = |entity: EntityRef<'_>| -> (Option<Value>, Stamp) {
                let value = entity.column(field).ok().flatten().map(ValueRef::to_value);
                (value, entity.stamp(field).unwrap_or(Stamp::NEVER))
            };
            let (previous, previous_stamp) = before.map_or((None, Stamp::NEVER), cell);
            let (current, stamp) = cell(now);
            if stamp != previous_stamp || current != previous {
                let (id, entity_type) = (now.id(), now.entity_type());
                changes.push(Change::Field(FieldChange {
                    id,
                    entity_type,
                    field,
                    previous,
                    previous_stamp,
                    current,
                }));
            }
        }
    }
    changes
}

fn preorder(tree: &Tree) -> Vec<EntityRef<'_>> {
    let mut order = Vec::with_capacity(tree.len());
    let mut pending: Vec<_> = tree.entity(EntityId::ROOT).into_iter().collect();
    while let Some(entity) = pending.pop() {
        order.push(entity);
        pending.extend(entity.children());
    }
    order
}

/// The same entity in the other tree: same id, same type.
fn counterpart<'a>(entity: EntityRef<'_>, other: &'a Tree) -> Option<EntityRef<'a>> {
    other
        .entity(entity.id())
        .filter(|found| found.entity_type() == entity.entity_type())
}

fn place(entity: EntityRef<'_>) -> Option<Place> {
    let parent = entity.parent()?;
    Some(Place {
        parent: parent.id(),
        name: entity.name().clone(),
        after: None,
        children_revision: parent
            .stamp(FieldId::CHILDREN)
            .map_or(0, |stamp| stamp.revision),
    })
}

fn deleted(entity: EntityRef<'_>) -> DeletedEntity {
    let tree = entity.tree();
    let fields = tree.field_ids(entity.entity_type()).filter_map(|field| {
        let stamp = entity
            .stamp(field)
            .ok()
            .filter(|stamp| stamp.revision != 0)?;
        Some((
            field,
            entity.column(field).ok()?.map(ValueRef::to_value),
            stamp,
        ))
    });
    DeletedEntity {
        id: entity.id(),
        entity_type: entity.entity_type(),
        place: place(entity).unwrap_or(Place {
            parent: EntityId::ROOT,
            name: entity.name().clone(),
            after: None,
            children_revision: 0,
        }),
        stamp: entity.stamp(FieldId::NAME).unwrap_or(Stamp::NEVER),
        fields: fields.collect(),
    }
}
