//! What an application is.

use proc_macro2::TokenStream;
use syn::{LitStr, Path};

use crate::common::Library;

/// The application.
#[derive(Default)]
pub(crate) struct Application {
    /// Where qlib is.
    pub(crate) qlib: Library,
    /// Its name; none if it is wrong.
    pub(crate) name: Option<LitStr>,
    /// What adds things that need values.
    pub(crate) setup: Option<TokenStream>,
    /// The crates whose entities and workers it has.
    pub(crate) modules: Vec<Path>,
}
