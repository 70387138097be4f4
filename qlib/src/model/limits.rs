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
}

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
