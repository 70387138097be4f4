//! A tree as plain data, and a tree from plain data.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::model::{
    EntityId, Error, FieldId, Image, ImageEntity, ImageField, Quality, Result, Schema, Stamp,
    TypeId, ValueRef, limits::name_fault,
};
use crate::tree::apply::Applying;
use crate::tree::difference::difference;
use crate::tree::types::{Layout, LayoutField, TypeTable};
use crate::tree::write::normal;
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
        let fields = columns(entity).filter_map(|(field, value)| {
            let stamp = entity.stamp(field.id).ok()?;
            let writer = self.writer(stamp.writer).clone();
            Some(ImageField {
                name: field.schema.name.clone(),
                value: value.to_value(),
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

    /// The tree with other entities, the first one and all below it, in place of those that it has.
    /// A value that is there already keeps its time and its writer.
    pub(super) fn exchanged(&self, mut entities: Vec<ImageEntity>) -> Image {
        for entity in &mut entities {
            let before = self.entity(entity.id);
            for field in &mut entity.fields {
                let held = before.and_then(|before| {
                    let known = self.field_id(before.entity_type(), &field.name).ok()?;
                    let value = before.column(known).ok()??;
                    Some((value, before.stamp(known).ok()?))
                });
                if let Some((value, stamp)) = held
                    && value == field.value.as_ref()
                {
                    field.time = stamp.time;
                    field.writer = self.writer(stamp.writer).clone();
                }
            }
        }
        let mut image = self.image();
        let top = entities.first().map(|top| top.id);
        let at = image
            .entities
            .iter()
            .position(|entity| Some(entity.id) == top);
        let replaced = match at {
            Some(at) => at..at + image.below(image.entities[at].id).len(),
            None => image.entities.len()..image.entities.len(),
        };
        image.entities.splice(replaced, entities);
        image
    }

    /// Replaces the tree by an image. What is as it was before the commit keeps its stamp; the rest
    /// is written at this revision with the image's times and writers, as restored.
    pub(super) fn restore(&mut self, image: &Image, applying: &mut Applying) -> Result<()> {
        let mut fresh = self.emptied();
        fresh.declare_all(self, image, applying.stamp)?;
        let before = applying
            .before
            .get_or_insert_with(|| Box::new(self.clone()));
        fresh.place_all(before, image, applying.stamp)?;
        fresh.fill_all(before, image, applying.stamp)?;
        fresh.date_families(before, applying.stamp);
        // What the commit did before this step is void.
        applying.effects = difference(before, &fresh);
        applying.again = true;
        *self = fresh;
        Ok(())
    }

    /// The types of this tree without entities; numbers of types and fields stay.
    pub(crate) fn without_entities(&self) -> Result<Self> {
        let mut empty = self.emptied();
        empty.declare_all(self, &Image::default(), Stamp::NEVER)?;
        Ok(empty)
    }

    /// The types of this tree without fields and entities; numbers of types and fields stay.
    fn emptied(&self) -> Self {
        let bare = self.types().map(|entity_type| {
            let schema = Schema::new(self.type_name(entity_type).clone());
            let layout = Layout::new(schema, vec![entity_type], Vec::new());
            TypeTable::new(Arc::new(layout))
        });
        Self {
            revision: self.revision,
            schema_revision: self.schema_revision,
            time: self.time,
            limits: self.limits,
            tag: next_tag(),
            types: bare.collect(),
            type_names: self.type_names.clone(),
            fields: Arc::clone(&self.fields),
            writers: Arc::clone(&self.writers),
            writer_numbers: Arc::clone(&self.writer_numbers),
            fences: self.fences.clone(),
            // The log goes on: what a handler was done with, it is done with.
            cursors: self.cursors.clone(),
            ..Self::default()
        }
    }

    /// Declares the types of the image, then those that it lacks, as they were.
    fn declare_all(&mut self, old: &Self, image: &Image, stamp: Stamp) -> Result<()> {
        let mut kept: Vec<TypeId> = old.types().collect();
        kept.retain(|kept| {
            let name = old.type_name(*kept);
            image.schemas.iter().all(|schema| schema.name != *name)
        });
        kept.sort_by_key(|kept| old.table(*kept).layout.lineage.len());
        let mut scratch = Applying::new(stamp);
        let kept = kept.into_iter().map(|kept| old.schema(kept));
        image
            .schemas
            .iter()
            .chain(kept)
            .try_for_each(|schema| self.set_schema(schema, &mut scratch))
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
            let depth = self.ancestors(parent).count() + 1;
            if depth > self.limits.depth {
                return Err(Error::TooDeep {
                    entity: self.subject_at(entity.id, parent, &entity.name),
                    depth,
                    limit: self.limits.depth,
                });
            }
            let same = old.entity(entity.id).filter(|old| {
                *old.type_name() == entity.entity_type
                    && *old.name() == entity.name
                    && old.parent().map(EntityRef::id) == entity.parent
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
                let value = normal(given.value.clone());
                self.check(entity.id, node, field, &value)?;
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
                self.put(node, position, Some(&value), same.unwrap_or(restored));
            }
            for (position, field) in layout.fields.iter().enumerate() {
                if self.entity_at(node).column(field.id)?.is_some() {
                    continue;
                }
                if field.schema.required {
                    return Err(Error::Unset {
                        entity: self.subject(entity.id),
                        field: field.schema.name.clone(),
                    });
                }
                let unset = before.and_then(|before| {
                    let was = before.stamp(field.id).ok()?;
                    let unset = Stamp {
                        quality: Quality::Unset,
                        ..stamp
                    };
                    let same = before.column(field.id).ok()?.is_none();
                    Some(if same { was } else { unset })
                });
                if let Some(unset) = unset.filter(|unset| unset.revision != 0) {
                    self.put(node, position, None, unset);
                }
            }
        }
        Ok(())
    }

    /// Families that are the same in both trees had not changed.
    fn date_families(&mut self, old: &Self, stamp: Stamp) {
        for node in 1..self.used {
            let names = |entity: EntityRef<'_>| -> Vec<_> {
                entity
                    .children()
                    .map(|child| (child.id(), child.entity_type(), child.name().clone()))
                    .collect()
            };
            let now = names(self.entity_at(node));
            let before = old
                .entity(self.node(node).id)
                .filter(|before| before.type_name() == self.entity_at(node).type_name());
            let revision = match before {
                Some(before) if names(before) == now => old.children_revision(before.id()),
                None if now.is_empty() => 0,
                _ => stamp.revision,
            };
            if self.family(node).revision != revision {
                self.families.get_mut(node as usize).revision = revision;
            }
        }
    }
}

/// The fields of an entity that have a value, inherited ones first.
pub(super) fn columns(entity: EntityRef<'_>) -> impl Iterator<Item = (&LayoutField, ValueRef<'_>)> {
    let layout = &entity.tree().table(entity.entity_type()).layout;
    let held = move |field: FieldId| entity.column(field).ok().flatten();
    layout
        .fields
        .iter()
        .filter_map(move |field| Some((field, held(field.id)?)))
}
