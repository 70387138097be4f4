//! Paths: `/Home/Kitchen/Lamp` from the Root, `Room->Name` from an entity.

use smol_str::SmolStr;

use crate::model::{EntityId, Error, FieldId, Result, Revision, Stamp, TypeId, Value, ValueRef};
use crate::tree::Tree;

/// A tree as it is, or as it was: what a path is followed through.
pub trait Lens {
    /// The tree that knows the types and fields.
    fn tree(&self) -> &Tree;
    /// The type of an entity, if it exists.
    fn type_of(&self, id: EntityId) -> Option<TypeId>;
    /// The parent and the name of an entity.
    fn place(&self, id: EntityId) -> Option<(Option<EntityId>, SmolStr)>;
    /// The child of that name.
    fn child(&self, parent: EntityId, name: &str) -> Option<EntityId>;
    /// The value of a field that a column holds, and its stamp.
    fn column(&self, id: EntityId, field: FieldId) -> Option<(Option<Value>, Stamp)>;

    /// The value of any field.
    fn value(&self, id: EntityId, field: FieldId) -> Option<Value> {
        match field {
            FieldId::NAME => self.place(id).map(|(_, name)| Value::String(name)),
            FieldId::PARENT => self.place(id)?.0.map(Value::EntityReference),
            FieldId::CHILDREN => self.tree().entity(id)?.value(field).ok()?,
            _ => self.column(id, field)?.0,
        }
    }
}

impl Lens for Tree {
    fn tree(&self) -> &Tree {
        self
    }

    fn type_of(&self, id: EntityId) -> Option<TypeId> {
        self.entity(id).map(|entity| entity.entity_type())
    }

    fn place(&self, id: EntityId) -> Option<(Option<EntityId>, SmolStr)> {
        let entity = self.entity(id)?;
        Some((
            entity.parent().map(|parent| parent.id()),
            entity.name().clone(),
        ))
    }

    fn child(&self, parent: EntityId, name: &str) -> Option<EntityId> {
        self.entity(parent)?.child(name).map(|child| child.id())
    }

    fn column(&self, id: EntityId, field: FieldId) -> Option<(Option<Value>, Stamp)> {
        let entity = self.entity(id)?;
        let value = entity.column(field).ok()?.map(ValueRef::to_value);
        Some((value, entity.stamp(field).ok()?))
    }
}

/// Follows `path` from `start`: the entity at its end and the name of the field there. Each hop is a
/// reference field, else the parent if it bears that name, else the child of that name.
///
/// # Errors
/// [`Error::Path`], which says at which hop and why.
pub fn resolve(lens: &impl Lens, start: EntityId, path: &str) -> Result<(EntityId, SmolStr)> {
    let fail = |reason: String| {
        let entity = lens.tree().subject(start);
        Err(Error::Path {
            entity,
            path: path.into(),
            reason: reason.into(),
        })
    };
    let mut hops: Vec<&str> = path.split("->").map(str::trim).collect();
    let Some(field) = hops.pop().filter(|field| !field.is_empty()) else {
        return fail("it names no field".into());
    };
    let limit = lens.tree().limits().hops;
    if hops.len() > limit {
        return fail(format!(
            "it has {} hops, at most {limit} are allowed",
            hops.len()
        ));
    }
    let mut at = start;
    for hop in hops {
        let Some(next) = follow(lens, at, hop) else {
            let at = lens.tree().subject(at);
            return fail(format!(
                "{hop} of {at} is no reference that is set, nor its parent, nor a child"
            ));
        };
        at = next;
    }
    if lens.type_of(at).is_none() {
        return fail(format!("{} does not exist", lens.tree().subject(at)));
    }
    Ok((at, field.into()))
}

fn follow(lens: &impl Lens, from: EntityId, hop: &str) -> Option<EntityId> {
    let field = lens.tree().field_id(lens.type_of(from)?, hop).ok();
    let is_reference = |field: FieldId| {
        let schema = lens
            .type_of(from)
            .and_then(|entity_type| lens.tree().field_schema(entity_type, field));
        field == FieldId::PARENT
            || schema.is_some_and(|schema| schema.kind == crate::model::Kind::EntityReference)
    };
    if let Some(field) = field.filter(|field| is_reference(*field)) {
        return match lens.value(from, field) {
            Some(Value::EntityReference(target)) => Some(target),
            _ => None,
        };
    }
    let parent = lens
        .place(from)?
        .0
        .filter(|parent| lens.place(*parent).is_some_and(|(_, name)| name == hop));
    parent.or_else(|| lens.child(from, hop))
}

impl Tree {
    /// The entity at an absolute path: `/` is the Root.
    ///
    /// # Errors
    /// [`Error::Path`]
    pub fn at_path(&self, path: &str) -> Result<EntityId> {
        let fail = |reason: String| Error::Path {
            entity: self.subject(EntityId::ROOT),
            path: path.into(),
            reason: reason.into(),
        };
        let Some(names) = path.strip_prefix('/') else {
            return Err(fail("an absolute path begins with `/`".into()));
        };
        let mut at = self.existing(EntityId::ROOT)?;
        for name in names.split('/').filter(|_| !names.is_empty()) {
            at = at
                .child(name)
                .ok_or_else(|| fail(format!("{} has no child {name:?}", at.path())))?;
        }
        Ok(at.id())
    }

    /// When the children of an entity had changed last.
    pub(crate) fn children_revision(&self, id: EntityId) -> Revision {
        self.entity(id)
            .and_then(|entity| entity.stamp(FieldId::CHILDREN).ok())
            .map_or(0, |stamp| stamp.revision)
    }
}
