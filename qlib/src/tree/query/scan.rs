//! Testing the slots of a chunk.

use crate::model::Operator;
use crate::tree::Tree;
use crate::tree::bits::Bits;
use crate::tree::chunked::{CHUNK, Chunked};
use crate::tree::column::{Cells, Column};
use crate::tree::query::bind::{Probe, Test};
use crate::tree::types::TypeTable;

/// A chunk of a type: the slots from `first` on, and the nodes in them.
#[derive(Clone, Copy)]
pub(super) struct Chunk<'a> {
    tree: &'a Tree,
    first: usize,
    pub(super) nodes: &'a [u32; CHUNK],
}

impl<'a> Chunk<'a> {
    /// The chunk that holds `slot`, unless no entity was ever there.
    pub(super) fn at(tree: &'a Tree, table: &'a TypeTable, slot: usize) -> Option<Self> {
        let nodes = &table.nodes.chunk(slot)?.0;
        Some(Self {
            tree,
            first: slot,
            nodes,
        })
    }

    /// The slots that hold an entity.
    pub(super) fn live(self) -> Bits {
        Bits::of(self.nodes, |node| *node != 0)
    }

    /// Those of the slots that pass.
    pub(super) fn passing(self, test: &Test<'_>, among: Bits) -> Bits {
        if among.is_empty() {
            return among;
        }
        match test {
            Test::Every(parts) => parts
                .iter()
                .fold(among, |left, part| self.passing(part, left)),
            Test::Any(parts) => parts.iter().fold(Bits::NONE, |found, part| {
                found | self.passing(part, among.minus(found))
            }),
            Test::Leaf(leaf) => self.probe(&leaf.probe, among),
        }
    }

    fn probe(self, probe: &Probe<'_>, among: Bits) -> Bits {
        let links = |at: usize| self.tree.links(self.nodes[at]);
        match *probe {
            Probe::Set(column) => self.set(column, among),
            Probe::Unset(column) => among.minus(self.set(column, among)),
            Probe::Int(cells, operator, value) => self.compare(cells, operator, value, among),
            Probe::Float(cells, operator, value) => self.compare(cells, operator, value, among),
            Probe::Bool(cells, operator, value) => self.compare(cells, operator, value, among),
            Probe::Time(cells, operator, value) => self.compare(cells, operator, value, among),
            Probe::Reference(cells, operator, value) => self.compare(cells, operator, value, among),
            Probe::Choice(cells, operator, value) => self.compare(cells, operator, value, among),
            Probe::Text(cells, text) => self.each(cells, among, |value| text.passes(value)),
            Probe::Bytes(cells, bytes, wanted) => {
                self.each(cells, among, |value| (**value == *bytes) == wanted)
            }
            Probe::List(cells, ids, wanted) => {
                self.each(cells, among, |value| (**value == *ids) == wanted)
            }
            Probe::Entry(cells, id, wanted) => {
                self.each(cells, among, |value| value.contains(&id) == wanted)
            }
            Probe::Name(text) => among.filter(|at| text.passes(&links(at).name)),
            Probe::Parent(parent, wanted) => among.filter(|at| {
                let actual = links(at).parent;
                actual != 0 && (actual == parent) == wanted
            }),
            Probe::HasParent(wanted) => among.filter(|at| (links(at).parent != 0) == wanted),
            Probe::Always => among,
            Probe::Never => Bits::NONE,
        }
    }

    /// Those of the slots that have a value.
    fn set(self, column: &Column, among: Bits) -> Bits {
        among & column.set(self.first)
    }

    /// Compares all slots, then looks which of those that pass have a value.
    #[inline]
    fn compare<T: Copy + Default + PartialOrd>(
        self,
        cells: &Chunked<Cells<T>>,
        operator: Operator,
        value: T,
        among: Bits,
    ) -> Bits {
        let Some(chunk) = cells.chunk(self.first) else {
            return Bits::NONE;
        };
        let values = &chunk.values;
        let passed = match operator {
            Operator::Eq => Bits::of(values, |held| *held == value),
            Operator::Ne => Bits::of(values, |held| *held != value),
            Operator::Lt => Bits::of(values, |held| *held < value),
            Operator::Le => Bits::of(values, |held| *held <= value),
            Operator::Gt => Bits::of(values, |held| *held > value),
            Operator::Ge => Bits::of(values, |held| *held >= value),
            Operator::Contains | Operator::StartsWith => Bits::NONE,
        };
        passed & chunk.set & among
    }

    /// Tests one slot after another.
    #[inline]
    fn each<T: Clone + Default>(
        self,
        cells: &Chunked<Cells<T>>,
        among: Bits,
        test: impl Fn(&T) -> bool,
    ) -> Bits {
        let Some(chunk) = cells.chunk(self.first) else {
            return Bits::NONE;
        };
        (among & chunk.set).filter(|at| test(&chunk.values[at]))
    }
}
