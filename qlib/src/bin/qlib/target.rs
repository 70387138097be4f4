//! Entities and fields as they are written on the command line.

use clap::ArgMatches;
use qlib::{EntityId, EntityRef, Error, FieldId, Result, Snapshot, Store, Tree};

/// The store as it is, or as it was at the revision that is asked for.
pub(crate) fn snapshot(store: &Store, matches: &ArgMatches) -> Result<Snapshot> {
    match matches.get_one("at") {
        Some(revision) => store.at(*revision),
        None => Ok(store.create_snapshot()),
    }
}

/// The entity that a path or an id names.
pub(crate) fn entity<'a>(tree: &'a Tree, text: &str) -> Result<EntityRef<'a>> {
    match text.parse() {
        Ok(id) => tree.existing(id),
        Err(_) => tree.existing(tree.at_path(text)?),
    }
}

/// An entity, or a field of one: `/Home/Lamp` or `/Home/Lamp.Brightness`.
pub(crate) fn entity_or_field<'a>(
    tree: &'a Tree,
    text: &str,
) -> Result<(EntityRef<'a>, Option<FieldId>)> {
    // A name may have a dot in it: an entity of the whole name comes first.
    let whole = match entity(tree, text) {
        Ok(entity) => return Ok((entity, None)),
        Err(error) => error,
    };
    let Some((path, field)) = text.rsplit_once('.') else {
        return Err(whole);
    };
    let entity = entity(tree, path)?;
    let field = tree.field_id(entity.entity_type(), field)?;
    Ok((entity, Some(field)))
}

/// A field of an entity: `/Home/Lamp.Brightness`.
pub(crate) fn field<'a>(tree: &'a Tree, text: &str) -> Result<(EntityRef<'a>, FieldId)> {
    match entity_or_field(tree, text)? {
        (entity, Some(field)) => Ok((entity, field)),
        (entity, None) => Err(Error::usage(format!(
            "{text} is an entity; write the field too: {}.FIELD",
            entity.path()
        ))),
    }
}

/// The path of an entity, or its id where it is gone.
pub(crate) fn path(tree: &Tree, id: EntityId) -> String {
    tree.entity(id)
        .map_or_else(|| id.to_string(), EntityRef::path)
}
