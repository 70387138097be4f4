//! `#[qlib::test]`: a test with an application of its own.

mod expand;
mod model;
mod parse;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;

use crate::common::Faults;

/// Expands the attribute.
pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut faults = Faults::default();
    let (item, case) = parse::parse(args, item, &mut faults);
    let mut tokens = case.as_ref().map_or(item, expand::expand);
    tokens.extend(faults.into_tokens());
    tokens
}
