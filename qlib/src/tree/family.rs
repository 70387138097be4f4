//! Parents, children and names.

use smol_str::SmolStr;

use crate::model::{EntityId, Place, Revision, Stamp};
use crate::tree::{Family, Links, Node, Tree, id_hash};

impl Tree {
    pub(super) fn family(&self, node: u32) -> Family {
        self.families
            .get(node as usize)
            .copied()
            .unwrap_or_default()
    }

    /// The children of a node, in order.
    pub(super) fn children_of(&self, node: u32) -> impl Iterator<Item = u32> {
        let first = self.family(node).first;
        std::iter::successors((first != 0).then_some(first), |child| {
            let next = self.links(*child).next;
            (next != 0).then_some(next)
        })
    }

    /// The node and those above it, up to the Root.
    pub(super) fn ancestors(&self, node: u32) -> impl Iterator<Item = u32> {
        std::iter::successors((node != 0).then_some(node), |node| {
            let parent = self.links(*node).parent;
            (parent != 0).then_some(parent)
        })
    }

    /// Takes a node for an entity that stands nowhere yet.
    pub(super) fn take_node(&mut self, id: EntityId, entity_type: u32) -> u32 {
        let node = self.free.pop().unwrap_or_else(|| {
            self.used += 1;
            self.used - 1
        });
        let slot = self.types[entity_type as usize].take_slot(node);
        *self.nodes.get_mut(node as usize) = Node {
            id,
            entity_type,
            slot,
        };
        self.by_id.insert(id_hash(id), node);
        node
    }

    /// Gives back a node that stands nowhere any more and whose fields are unset.
    pub(super) fn release_node(&mut self, node: u32) {
        let Node {
            id,
            entity_type,
            slot,
        } = *self.node(node);
        self.by_id.remove(id_hash(id), node);
        self.types[entity_type as usize].release_slot(slot);
        *self.nodes.get_mut(node as usize) = Node::NONE;
        *self.links.get_mut(node as usize) = Links::default();
        self.released += 1;
        if self.family(node).revision != 0 {
            *self.families.get_mut(node as usize) = Family::default();
        }
        self.free.push(node);
    }

    /// Puts a node behind the sibling `after`, or in front of all.
    pub(super) fn link(
        &mut self,
        node: u32,
        parent: u32,
        after: u32,
        name: SmolStr,
        placed: Stamp,
        revision: Revision,
    ) {
        let hash = self.name_hash(parent, &name);
        let next = if after == 0 {
            self.family(parent).first
        } else {
            self.links(after).next
        };
        let entry = self.links.get_mut(node as usize);
        entry.parent = parent;
        entry.previous = after;
        entry.next = next;
        entry.name = name;
        entry.placed = placed.into();
        if parent == 0 {
            self.root = node;
            return;
        }
        if after != 0 {
            self.links.get_mut(after as usize).next = node;
        }
        if next != 0 {
            self.links.get_mut(next as usize).previous = node;
        }
        let family = self.families.get_mut(parent as usize);
        if after == 0 {
            family.first = node;
        }
        if next == 0 {
            family.last = node;
        }
        family.count += 1;
        family.revision = revision;
        self.by_name.insert(hash, node);
    }

    /// Takes a node from where it stands; says where that was.
    pub(super) fn unlink(&mut self, node: u32, revision: Revision) -> Place {
        let place = self.place(node);
        let Links {
            parent,
            previous,
            next,
            ..
        } = *self.links(node);
        if parent == 0 {
            self.root = 0;
            return place;
        }
        self.by_name
            .remove(self.name_hash(parent, &place.name), node);
        if previous != 0 {
            self.links.get_mut(previous as usize).next = next;
        }
        if next != 0 {
            self.links.get_mut(next as usize).previous = previous;
        }
        let family = self.families.get_mut(parent as usize);
        if previous == 0 {
            family.first = next;
        }
        if next == 0 {
            family.last = previous;
        }
        family.count -= 1;
        family.revision = revision;
        place
    }

    /// Where a node stands.
    pub(super) fn place(&self, node: u32) -> Place {
        let Links {
            parent,
            previous,
            ref name,
            ..
        } = *self.links(node);
        Place {
            parent: self.node(parent).id,
            name: name.clone(),
            after: (previous != 0).then(|| self.node(previous).id),
            children_revision: self.family(parent).revision,
        }
    }
}
