//! Who stands below whom.

use crate::tree::Tree;
use crate::tree::saved::SLOTS;
use crate::tree::saved::save::Part;
use crate::wire::{Malformed, proto::snapshot as proto};

impl Tree {
    /// Hands out all families in preorder.
    pub(super) fn save_families<E>(
        &self,
        emit: &mut impl FnMut(Part) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut families = Vec::new();
        let mut children = 0;
        let mut node = self.root;
        while node != 0 {
            let mut rest = self.children_of(node).peekable();
            let revision = self.family(node).revision;
            let mut begun = revision == 0;
            while !begun || rest.peek().is_some() {
                begun = true;
                let mut family = proto::Family {
                    parent: node,
                    revision,
                    children: Vec::new(),
                };
                let mut before = 0;
                for child in rest.by_ref().take(SLOTS) {
                    family.children.push(i64::from(child) - before);
                    before = i64::from(child);
                }
                children += 1 + family.children.len();
                families.push(family);
                if children >= SLOTS {
                    children = 0;
                    let families = std::mem::take(&mut families);
                    emit(Part::Families(proto::Families { families }))?;
                }
            }
            node = self.next_in_preorder(node);
        }
        if families.is_empty() {
            return Ok(());
        }
        emit(Part::Families(proto::Families { families }))
    }

    /// The node after this one when parents come before their children; 0 after the last.
    fn next_in_preorder(&self, node: u32) -> u32 {
        let first = self.family(node).first;
        if first != 0 {
            return first;
        }
        let next = self.ancestors(node).map(|above| self.links(above).next);
        next.into_iter().find(|next| *next != 0).unwrap_or(0)
    }

    /// Whether a node is that of an entity.
    pub(super) fn is_live(&self, node: u32) -> bool {
        let (entity_type, slot) = (self.node(node).entity_type, self.node(node).slot);
        let table = self.types.get(entity_type as usize);
        node != 0 && table.is_some_and(|table| table.node(slot) == node)
    }

    /// Puts the children of a family, or more of them, below their parent; says how many.
    pub(super) fn load_family(&mut self, message: proto::Family) -> Result<usize, Malformed> {
        let parent = message.parent;
        if parent == 0 || parent != self.root && self.links(parent).parent == 0 {
            return Err(Malformed("children of an entity that stands nowhere"));
        }
        let count = message.children.len();
        let mut family = self.family(parent);
        let mut child = 0i64;
        for difference in message.children {
            child = child.wrapping_add(difference);
            let known = u32::try_from(child).unwrap_or(0);
            let placed = known == self.root || self.links(known).parent != 0;
            if placed || !self.is_live(known) {
                return Err(Malformed("a child that is no entity, or stands elsewhere"));
            }
            let links = self.links.get_mut(known as usize);
            links.parent = parent;
            links.previous = family.last;
            if family.last == 0 {
                family.first = known;
            } else {
                self.links.get_mut(family.last as usize).next = known;
            }
            family.last = known;
        }
        family.count += count as u32;
        family.revision = message.revision;
        *self.families.get_mut(parent as usize) = family;
        Ok(count)
    }
}
