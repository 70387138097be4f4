//! Saving and loading: what comes back goes on as what was saved, and what is no tree is refused.

use prost::Message;

use crate::tree::Tree;
use crate::tree::saved::{Load, Part};
use crate::wire::Malformed;
use crate::wire::proto::snapshot as proto;

/// The parts of a tree, through their bytes.
fn parts(tree: &Tree) -> Vec<Part> {
    let mut parts = Vec::new();
    tree.save(3, 4, &mut |part| {
        let bytes = proto::Part { part: Some(part) }.encode_to_vec();
        parts.push(proto::Part::decode(&*bytes)?.part.unwrap());
        Ok::<_, prost::DecodeError>(())
    })
    .unwrap();
    parts
}

fn load(parts: Vec<Part>) -> Result<Tree, Malformed> {
    let mut parts = parts.into_iter();
    let Some(Part::Header(header)) = parts.next() else {
        return Err(Malformed("no header"));
    };
    let mut load = Load::new(header)?;
    parts.try_for_each(|part| load.take(part))?;
    load.finish()
}

/// The tree that comes back.
pub(super) fn reload(tree: &Tree) -> Tree {
    let loaded = load(parts(tree)).unwrap();
    assert_eq!(loaded.fields, tree.fields);
    assert_eq!(loaded.writers, tree.writers);
    assert_eq!(loaded.fences, tree.fences);
    assert_eq!((loaded.used, &loaded.free), (tree.used, &tree.free));
    let slots = |tree: &Tree| {
        let slots = tree
            .types
            .iter()
            .map(|table| (table.used, table.free.clone()));
        slots.collect::<Vec<_>>()
    };
    assert_eq!(slots(&loaded), slots(tree));
    loaded
}
