//! `#[worker]`: an `impl` block whose methods are handlers.

mod expand;
mod model;
mod parse;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;

use crate::common::Faults;

/// Expands the attribute: the block as it was, and what registers its handlers.
pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut faults = Faults::default();
    let (mut tokens, worker) = parse::parse(args, item, &mut faults);
    tokens.extend(worker.as_ref().map(expand::expand));
    tokens.extend(faults.into_tokens());
    tokens
}
