//! What a worker is.

use proc_macro2::Ident;
use syn::{Path, Type};

use crate::common::{Attribute, Library};
use crate::handler::Handler;

/// The worker.
pub(crate) struct Worker {
    /// Where qlib is.
    pub(crate) qlib: Library,
    /// Its type.
    pub(crate) subject: Type,
    /// Its name.
    pub(crate) name: String,
    /// It acts in the leader only.
    pub(crate) leader: Option<Ident>,
    /// The workers that start before it.
    pub(crate) after: Vec<Path>,
    /// The conditions under which it exists.
    pub(crate) conditions: Vec<Attribute>,
    /// How it is made.
    pub(crate) makers: Vec<Maker>,
    /// What it does.
    pub(crate) handlers: Vec<Handler>,
}

/// A function `new` in the block.
pub(crate) struct Maker {
    /// `new`
    pub(crate) name: Ident,
    /// It needs what only the application can give.
    pub(crate) needs: bool,
    /// The conditions under which it exists.
    pub(crate) conditions: Vec<Attribute>,
}
