//! What an enum without data is.

use proc_macro2::Ident;

use crate::common::Library;

/// The enum.
pub(crate) struct Choice {
    /// Where qlib is.
    pub(crate) qlib: Library,
    /// The enum's name.
    pub(crate) ident: Ident,
    /// Its variants, in order.
    pub(crate) variants: Vec<Variant>,
    /// No variant was left out because of a mistake.
    pub(crate) complete: bool,
}

/// A variant.
pub(crate) struct Variant {
    /// Its name in Rust.
    pub(crate) ident: Ident,
    /// Its name in stored values and on the wire.
    pub(crate) name: String,
}
