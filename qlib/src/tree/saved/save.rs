//! A tree as parts.

use crate::tree::Tree;
use crate::tree::column::PackedStamp;
use crate::tree::names::NO_TYPE;
use crate::tree::saved::{BYTES, SLOTS, stamps, values};
use crate::tree::types::TypeTable;
use crate::wire::{SNAPSHOT_VERSION, entity_id, proto::snapshot as proto};

pub(crate) use crate::wire::proto::snapshot::part::Part;

impl Tree {
    /// Hands out the tree part by part, all but the footer. `epoch` and `chain` are those of its
    /// newest commit.
    ///
    /// # Errors
    /// That of `emit`, which ends it.
    pub(crate) fn save<E>(
        &self,
        epoch: u64,
        chain: u64,
        emit: &mut impl FnMut(Part) -> Result<(), E>,
    ) -> Result<(), E> {
        emit(Part::Header(self.header(epoch, chain)))?;
        save_free(None, &self.free, emit)?;
        for (number, table) in (0..).zip(&self.types) {
            save_free(Some(number), &table.free, emit)?;
        }
        for (number, table) in (0..).zip(&self.types) {
            in_parts(
                table,
                |first| self.save_entities(number, table, first),
                emit,
            )?;
        }
        self.save_families(emit)?;
        for (number, table) in (0..).zip(&self.types) {
            for position in 0..table.columns.len() {
                let column = |first| self.save_column(number, table, position, first);
                in_parts(table, column, emit)?;
            }
        }
        Ok(())
    }

    fn header(&self, epoch: u64, chain: u64) -> proto::Header {
        let types = self.types.iter().map(|table| proto::Type {
            schema: Some((&table.layout.schema).into()),
            slots: table.used,
        });
        let fields = self.fields.iter().map(|(declared_by, name)| proto::Field {
            r#type: (*declared_by != NO_TYPE).then_some(declared_by.0),
            name: name.to_string(),
        });
        let fences = self.fences.iter().map(|(election, token)| proto::Fence {
            election: election.to_string(),
            token: *token,
        });
        let cursors = self.cursors().map(|(name, cursor)| proto::NamedCursor {
            name: name.to_string(),
            cursor: Some(cursor.into()),
        });
        proto::Header {
            version: SNAPSHOT_VERSION,
            epoch,
            revision: self.revision,
            time: self.time.as_nanos(),
            chain,
            limits: Some(self.limits.into()),
            fences: fences.collect(),
            cursors: cursors.collect(),
            writers: self.writers.iter().map(ToString::to_string).collect(),
            types: types.collect(),
            fields: fields.collect(),
            nodes: self.used,
            entities: self.len() as u64,
        }
    }

    /// The entities from a slot on, and how many slots that are.
    fn save_entities(&self, number: u32, table: &TypeTable, first: u32) -> (Part, usize) {
        let mut message = proto::Entities {
            r#type: number,
            first,
            ..Default::default()
        };
        let mut placed = stamps::Writer::new(self);
        let mut before = 0;
        for slot in first..table.used {
            let node = table.node(slot);
            message.nodes.push(i64::from(node) - before);
            before = i64::from(node);
            if node != 0 {
                let (node, links) = (self.node(node), self.links(node));
                let (high, low) = entity_id(node.id);
                message.high.push(high);
                message.low.push(low);
                message.names.push_str(&links.name);
                message.lengths.push(links.name.len() as u32);
                placed.push(links.placed, PackedStamp::NEVER);
            }
            if message.nodes.len() == SLOTS || message.names.len() > BYTES {
                break;
            }
        }
        let slots = message.nodes.len();
        message.placed = Some(placed.finish());
        (Part::Entities(message), slots)
    }

    /// A column from a slot on, and how many slots that are.
    fn save_column(
        &self,
        number: u32,
        table: &TypeTable,
        position: usize,
        first: u32,
    ) -> (Part, usize) {
        let column = &table.columns[position];
        let mut values = values::Writer::default();
        let mut stamps = stamps::Writer::new(self);
        for slot in first..table.used {
            let stamp = column.stamp(slot);
            stamps.push(stamp, self.links(table.node(slot)).placed);
            if stamp.has_value() {
                values.push(column, slot);
            }
            if stamps.len() == SLOTS || values.size() > BYTES {
                break;
            }
        }
        let slots = stamps.len();
        let message = proto::Column {
            r#type: number,
            field: table.layout.fields[position].id.0,
            first,
            stamps: Some(stamps.finish()),
            ..values.finish()
        };
        (Part::Column(message), slots)
    }
}

/// Emits what `make` makes of a type's slots, from the first one on until none is left.
fn in_parts<E>(
    table: &TypeTable,
    make: impl Fn(u32) -> (Part, usize),
    emit: &mut impl FnMut(Part) -> Result<(), E>,
) -> Result<(), E> {
    let mut first = 0;
    while first < table.used {
        let (part, slots) = make(first);
        emit(part)?;
        first += slots as u32;
    }
    Ok(())
}

fn save_free<E>(
    entity_type: Option<u32>,
    free: &[u32],
    emit: &mut impl FnMut(Part) -> Result<(), E>,
) -> Result<(), E> {
    free.chunks(SLOTS).try_for_each(|numbers| {
        emit(Part::Free(proto::Free {
            r#type: entity_type,
            numbers: numbers.to_vec(),
        }))
    })
}
