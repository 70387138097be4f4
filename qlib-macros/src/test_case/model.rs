//! What a test is.

use syn::Path;

use crate::common::{Function, Library};

/// The test.
pub(crate) struct Case {
    /// What its attribute says.
    pub(crate) plan: Plan,
    /// The function.
    pub(crate) function: Function,
}

/// What the attribute of a test says.
#[derive(Default)]
pub(crate) struct Plan {
    /// Where qlib is.
    pub(crate) qlib: Library,
    /// The workers that run.
    pub(crate) workers: Vec<Path>,
    /// What makes the entities that exist before.
    pub(crate) preload: Option<Path>,
    /// What adds things to the application.
    pub(crate) setup: Option<Path>,
    /// What opens the store.
    pub(crate) store: Option<Path>,
}
