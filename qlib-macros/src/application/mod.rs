//! `qlib::main!`: the function `main` of an application.

mod expand;
mod model;
mod parse;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;

use crate::common::Faults;

/// Expands the macro.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let mut faults = Faults::default();
    let application = parse::parse(input, &mut faults);
    let mut tokens = expand::expand(&application, faults.is_empty());
    tokens.extend(faults.into_tokens());
    tokens
}
