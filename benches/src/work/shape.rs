//! The data that everyone is given.

use smol_str::{SmolStr, format_smolstr};

/// How many devices a store holds unless the work says otherwise.
pub(crate) const ENTITIES: usize = 100_000;

/// The fields of a device as the peers declare them: their names and empty values. `$value` is the
/// peer's own enum of values; both peers have the same.
macro_rules! device_fields {
    ($value:ident) => {
        [
            ("Count", $value::Int(0)),
            ("Level", $value::Int(0)),
            ("Temperature", $value::Float(0.0)),
            ("Pressure", $value::Float(0.0)),
            ("Tag", $value::String(String::new())),
            ("Serial", $value::String(String::new())),
            ("Active", $value::Bool(false)),
            ("Partner", $value::EntityReference(None)),
        ]
    };
}

/// The fields that every type of theirs declares before its own.
macro_rules! system_fields {
    ($value:ident) => {
        [
            ("Name", $value::String(String::new())),
            ("Parent", $value::EntityReference(None)),
            ("Children", $value::EntityList(Vec::new())),
        ]
    };
}

pub(crate) use {device_fields, system_fields};

/// How many devices share a parent: the tree is Root, folders, devices.
pub(crate) const FOLDER: usize = 1_000;

/// The values of one device. Its type has eight fields besides the name, the parent and the
/// children that every entity has: two Int, two Float, two String (8 and 16 bytes), a Bool and a
/// reference to another device. The texts need no memory of their own: what is prepared and dropped
/// between two measured steps leaves the allocator nothing to tidy up in the second.
pub(crate) struct Device {
    /// Eight bytes, unique.
    pub(crate) name: SmolStr,
    /// Int, unique; only read, so that sums over it can be checked.
    pub(crate) count: i64,
    /// Int, never negative; what commits write to.
    pub(crate) level: i64,
    /// Float.
    pub(crate) temperature: f64,
    /// Float.
    pub(crate) pressure: f64,
    /// String of eight bytes.
    pub(crate) tag: SmolStr,
    /// String of sixteen bytes, unique: what an index would be on.
    pub(crate) serial: SmolStr,
    /// Bool.
    pub(crate) active: bool,
    /// Position of the device that `partner` refers to.
    pub(crate) partner: usize,
}

/// The device at position `index` of `entities`.
pub(crate) fn device(index: usize, entities: usize) -> Device {
    Device {
        name: format_smolstr!("d{index:07}"),
        count: index as i64,
        level: (index % 100) as i64,
        temperature: index as f64 / 8.0,
        pressure: 1_000.0 + index as f64 / 16.0,
        tag: format_smolstr!("t{index:07}"),
        serial: format_smolstr!("serial-{index:09}"),
        active: index.is_multiple_of(2),
        partner: partner(index, entities),
    }
}

/// Positions far from each other refer to each other, so that following a reference is no walk
/// along one cache line.
pub(crate) fn partner(index: usize, entities: usize) -> usize {
    (index * 7_919 + 1) % entities
}

/// The devices at the positions below `entities`, some at a time.
pub(crate) fn devices(entities: usize) -> impl Iterator<Item = Vec<(usize, Device)>> {
    let some = move |first: usize| {
        let indexes = first..(first + FOLDER).min(entities);
        indexes
            .map(|index| (index, device(index, entities)))
            .collect()
    };
    (0..entities).step_by(FOLDER).map(some)
}
