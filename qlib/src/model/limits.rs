//! How large things may be.

/// The limits of a realm. They are part of its log, so that every replica refuses the same commits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes of one value.
    pub value: usize,
    /// Bytes of one commit.
    pub commit: usize,
    /// Entities on the way from the Root to the deepest one.
    pub depth: usize,
    /// Hops of one path.
    pub hops: usize,
    /// Fields of one type, with those that it inherits.
    pub fields: usize,
    /// Handlers that may provoke each other in one chain.
    pub chain: u8,
}

impl Limits {
    /// What a realm starts with.
    pub const DEFAULT: Self = Self {
        value: 1 << 20,
        commit: 4 << 20,
        depth: 64,
        hops: 16,
        fields: 1024,
        chain: 16,
    };

    /// Why these limits are none that a store can live with.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        if self.commit < LEAST_COMMIT {
            Some("a commit of 1,024 bytes must be possible, so that the limits can be raised again")
        } else if self.value == 0 || self.value > self.commit {
            Some("the limit of a value is at least 1 byte and at most that of a commit")
        } else if self.depth == 0 || self.hops == 0 {
            Some("the Root is 1 level deep, and a path of 1 hop must be possible")
        } else if self.fields == 0 || self.fields > MOST_FIELDS {
            Some("a type has between 1 and 65,000 fields")
        } else {
            None
        }
    }
}

/// The smallest limit of a commit.
const LEAST_COMMIT: usize = 1024;

/// The largest limit of fields: a column's place in its type takes 16 bits.
const MOST_FIELDS: usize = 65_000;

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Bytes of the longest name.
pub(crate) const NAME: usize = 255;

/// Why `name` is no name for an entity, a type or a field.
pub(crate) fn name_fault(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("a name cannot be empty")
    } else if name.len() > NAME {
        Some("a name has at most 255 bytes")
    } else if name.contains('/') {
        Some("a name cannot contain `/`, which separates the names of a path")
    } else if name.chars().any(char::is_control) {
        Some("a name cannot contain control characters")
    } else {
        None
    }
}
