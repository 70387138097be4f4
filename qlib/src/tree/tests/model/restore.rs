//! Replacing everything by an image.

use std::collections::BTreeMap;

use super::place::bad_name;
use super::{Being, Cell, Mark, Model, Outcome, refuse, refuse_at};
use crate::model::{EntityId, Image, ImageEntity, Quality, Schema};

impl Model {
    pub(super) fn restore(&mut self, image: &Image, mark: &Mark, before: &Self) -> Outcome {
        let known = self.clone();
        self.entities.clear();
        for schema in &mut self.types {
            *schema = Schema::new(schema.name.clone());
        }
        for schema in &image.schemas {
            self.set_schema(schema, mark)?;
        }
        let in_image = |name: &str| image.schemas.iter().any(|schema| schema.name == name);
        let mut kept: Vec<_> = known
            .types
            .iter()
            .filter(|schema| !in_image(&schema.name))
            .collect();
        kept.sort_by_key(|schema| known.lineage(&schema.name).len());
        for schema in kept {
            self.set_schema(schema, mark)?;
        }
        for entity in &image.entities {
            self.place_restored(entity, mark, before)?;
        }
        if self.entities.is_empty() {
            return refuse_at("Missing", EntityId::ROOT, None);
        }
        for entity in &image.entities {
            self.fill_restored(entity, mark, before)?;
        }
        Ok(())
    }

    fn place_restored(&mut self, entity: &ImageEntity, mark: &Mark, before: &Self) -> Outcome {
        let id = entity.id;
        if entity.parent.is_some() && bad_name(&entity.name) {
            return refuse("BadName");
        }
        if self.entities.contains_key(&id) {
            return refuse_at("Exists", id, None);
        }
        if self.schema(&entity.entity_type).is_none() {
            return refuse("UnknownType");
        }
        match entity.parent {
            Some(parent) if !self.entities.contains_key(&parent) => {
                return refuse_at("Missing", parent, None);
            }
            None if id != EntityId::ROOT => return refuse_at("Missing", EntityId::ROOT, None),
            _ => {}
        }
        if let Some(parent) = entity.parent {
            self.check_place(id, Some(parent), &entity.name, 1)?;
            self.children_mut(parent).push(id);
        }
        let old = before
            .entities
            .get(&id)
            .filter(|old| old.entity_type == entity.entity_type);
        let born = match old {
            Some(old) => old.born,
            None => self.birth(),
        };
        let same_place = old.filter(|old| old.name == entity.name && old.parent == entity.parent);
        let being = Being {
            born,
            entity_type: entity.entity_type.to_string(),
            name: entity.name.to_string(),
            parent: entity.parent,
            children: Vec::new(),
            placed: same_place.map_or(mark, |old| &old.placed).clone(),
            family: 0,
            cells: BTreeMap::new(),
        };
        self.entities.insert(id, being);
        Ok(())
    }

    fn fill_restored(&mut self, entity: &ImageEntity, mark: &Mark, before: &Self) -> Outcome {
        let id = entity.id;
        let old = before
            .entities
            .get(&id)
            .filter(|old| old.entity_type == entity.entity_type);
        let was = |key: &str| old.and_then(|old| old.cells.get(key));
        for given in &entity.fields {
            let Some((key, field)) = self.field(&entity.entity_type, &given.name) else {
                return refuse_at("UnknownField", None, Some(&given.name));
            };
            self.check(id, &key, &field, &given.value)?;
            let same = was(&key).filter(|was| {
                was.value.as_ref() == Some(&given.value)
                    && was.mark.time == given.time
                    && was.mark.writer == given.writer
            });
            let restored = Mark {
                revision: mark.revision,
                time: given.time,
                writer: given.writer.to_string(),
                quality: Quality::Restored,
            };
            let cell = Cell {
                value: Some(super::write::normal(given.value.clone())),
                mark: same.map_or(restored, |same| same.mark.clone()),
            };
            self.entities.get_mut(&id).unwrap().cells.insert(key, cell);
        }
        for (key, field) in self.layout(&entity.entity_type) {
            if self.entities[&id].cells.contains_key(&key) {
                continue;
            }
            if field.required {
                return refuse_at("Unset", id, Some(&field.name));
            }
            let Some(was) = was(&key) else { continue };
            let mut cell = Cell {
                value: None,
                mark: was.mark.clone(),
            };
            if was.value.is_some() {
                cell.mark = Mark {
                    quality: Quality::Unset,
                    ..mark.clone()
                };
            }
            self.entities.get_mut(&id).unwrap().cells.insert(key, cell);
        }
        Ok(())
    }
}
