//! What a function that is a worker is.

use proc_macro2::Ident;
use syn::Visibility;

use crate::common::{Attribute, Library};
use crate::handler::Handler;

/// The function.
pub(crate) struct Alone {
    /// Where qlib is.
    pub(crate) qlib: Library,
    /// Who sees it.
    pub(crate) visibility: Visibility,
    /// Its name.
    pub(crate) name: Ident,
    /// The conditions under which it exists.
    pub(crate) conditions: Vec<Attribute>,
    /// The handler that it is; none if it is wrong.
    pub(crate) handler: Option<Handler>,
}
