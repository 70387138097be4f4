//! `#[derive(Entity)]`: a struct whose values are entities.

mod expand;
mod model;
mod parse;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;

use crate::common::Faults;

/// Expands the derive.
pub(crate) fn derive(input: TokenStream) -> TokenStream {
    let mut faults = Faults::default();
    let entity = parse::parse(input, &mut faults);
    let mut tokens = entity.as_ref().map(expand::expand).unwrap_or_default();
    tokens.extend(faults.into_tokens());
    tokens
}
