//! Create, move, rename, delete.

use std::collections::{BTreeMap, BTreeSet};

use super::{Being, Cell, Mark, Model, Outcome, refuse, refuse_at, targets};
use crate::model::{EntityId, OnDelete, Quality, Value};

pub(super) fn bad_name(name: &str) -> bool {
    name.is_empty() || name.len() > 255 || name.chars().any(|c| c == '/' || c.is_control())
}

impl Model {
    pub(super) fn create(
        &mut self,
        id: EntityId,
        entity_type: &str,
        parent: EntityId,
        name: &str,
        values: &[(String, Value)],
        mark: &Mark,
    ) -> Outcome {
        if self.entities.contains_key(&id) {
            return refuse_at("Exists", id, None);
        }
        let genesis = self.entities.is_empty() && id == EntityId::ROOT;
        if !genesis && !self.entities.contains_key(&parent) {
            return refuse_at("Missing", parent, None);
        }
        let parent = (!genesis).then_some(parent);
        self.check_place(id, parent, name, 1)?;
        if self.schema(entity_type).is_none() {
            return refuse("UnknownType");
        }
        for (field, _) in values {
            if self.field(entity_type, field).is_none() {
                return refuse_at("UnknownField", None, Some(field));
            }
        }
        let mut cells = BTreeMap::new();
        for (key, field) in self.layout(entity_type) {
            let given = values.iter().rev().find(|(name, _)| *name == field.name);
            let value = given
                .map(|(_, value)| value.clone())
                .or(field.default.clone());
            let Some(value) = value else {
                if field.required {
                    return refuse_at("Unset", id, Some(&field.name));
                }
                continue;
            };
            self.check(id, &key, &field, &value)?;
            let mark = mark.clone();
            cells.insert(
                key,
                Cell {
                    value: Some(super::write::normal(value)),
                    mark,
                },
            );
        }
        let being = Being {
            born: self.birth(),
            entity_type: entity_type.to_owned(),
            name: name.to_owned(),
            parent,
            children: Vec::new(),
            placed: mark.clone(),
            family: 0,
            cells,
        };
        self.entities.insert(id, being);
        if let Some(parent) = parent {
            self.children_mut(parent).push(id);
        }
        Ok(())
    }

    pub(super) fn children_mut(&mut self, id: EntityId) -> &mut Vec<EntityId> {
        &mut self.entities.get_mut(&id).unwrap().children
    }

    /// `height` levels would stand there; 0 does not ask.
    pub(super) fn check_place(
        &self,
        id: EntityId,
        parent: Option<EntityId>,
        name: &str,
        height: usize,
    ) -> Outcome {
        if bad_name(name) {
            return refuse("BadName");
        }
        let Some(parent) = parent else { return Ok(()) };
        let siblings = &self.entities[&parent].children;
        if siblings
            .iter()
            .any(|child| self.entities[child].name == name)
        {
            return refuse_at("DuplicateName", parent, None);
        }
        if height > 0 && self.ancestors(parent).len() + height > self.limits.depth {
            return refuse_at("TooDeep", id, None);
        }
        Ok(())
    }

    pub(super) fn relocate(
        &mut self,
        id: EntityId,
        parent: Option<EntityId>,
        name: Option<&str>,
        mark: &Mark,
    ) -> Outcome {
        let Some(being) = self.entities.get(&id).cloned() else {
            return refuse_at("Missing", id, None);
        };
        let Some(old_parent) = being.parent else {
            return refuse("Root");
        };
        let parent = parent.unwrap_or(old_parent);
        let name = name.unwrap_or(&being.name);
        if parent == old_parent && name == being.name {
            return Ok(());
        }
        if !self.entities.contains_key(&parent) {
            return refuse_at("Missing", parent, None);
        }
        if self.ancestors(parent).contains(&id) {
            return refuse_at("Cycle", id, None);
        }
        let moves = parent != old_parent;
        let height = if moves { self.height(id) } else { 0 };
        self.check_place(id, Some(parent), name, height)?;
        if moves {
            self.children_mut(old_parent).retain(|child| *child != id);
            self.children_mut(parent).push(id);
        }
        let being = self.entities.get_mut(&id).unwrap();
        being.parent = Some(parent);
        being.name = name.to_owned();
        being.placed = mark.clone();
        Ok(())
    }

    fn height(&self, id: EntityId) -> usize {
        let children = self.entities[&id].children.iter();
        1 + children.map(|child| self.height(*child)).max().unwrap_or(0)
    }

    /// Every field that holds a reference: who, key, name, rule, to whom.
    fn references(&self) -> Vec<(EntityId, String, OnDelete, Vec<EntityId>)> {
        let mut references = Vec::new();
        for (id, being) in &self.entities {
            for (key, field) in self.layout(&being.entity_type) {
                let value = being.cells.get(&key).and_then(|cell| cell.value.as_ref());
                let to = value.map(targets).unwrap_or_default();
                if !to.is_empty() {
                    references.push((*id, key, field.on_delete, to));
                }
            }
        }
        references
    }

    pub(super) fn delete(&mut self, id: EntityId, mark: &Mark) -> Outcome {
        if !self.entities.contains_key(&id) {
            return refuse_at("Missing", id, None);
        }
        let references = self.references();
        let mut doomed = BTreeSet::from([id]);
        loop {
            let before = doomed.len();
            for (id, being) in &self.entities {
                if being.parent.is_some_and(|parent| doomed.contains(&parent)) {
                    doomed.insert(*id);
                }
            }
            for (from, _, rule, to) in &references {
                if *rule == OnDelete::Cascade && to.iter().any(|to| doomed.contains(to)) {
                    doomed.insert(*from);
                }
            }
            if doomed.len() == before {
                break;
            }
        }
        if doomed.contains(&EntityId::ROOT) {
            return refuse("Root");
        }
        let dangling = |to: &[EntityId]| to.iter().any(|to| doomed.contains(to));
        let stays = references
            .iter()
            .filter(|(from, _, _, to)| !doomed.contains(from) && dangling(to));
        for (_, _, rule, _) in stays.clone() {
            if *rule == OnDelete::Refuse {
                return refuse_at("Referenced", id, None);
            }
        }
        for (from, key, ..) in stays {
            let being = self.entities.get_mut(from).unwrap();
            let cell = being.cells.get_mut(key).unwrap();
            cell.mark = mark.clone();
            cell.value = match &cell.value {
                Some(Value::EntityList(ids)) => Some(Value::EntityList(
                    ids.iter()
                        .copied()
                        .filter(|id| !doomed.contains(id))
                        .collect(),
                )),
                _ => {
                    cell.mark.quality = Quality::Unset;
                    None
                }
            };
        }
        for id in &doomed {
            self.entities.remove(id);
        }
        for being in self.entities.values_mut() {
            being.children.retain(|child| !doomed.contains(child));
        }
        Ok(())
    }
}
