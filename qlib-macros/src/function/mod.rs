//! `#[on_change(…)]` and its like on a function of its own, which is a worker of its own.

mod expand;
mod model;
mod parse;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;

use crate::common::Faults;
use crate::handler::Event;

/// Expands the attribute of an event: the function as it was, and what registers it.
pub(crate) fn expand(event: Event, args: TokenStream, item: TokenStream) -> TokenStream {
    let mut faults = Faults::default();
    let (mut tokens, function) = parse::parse(event, args, item, &mut faults);
    tokens.extend(function.as_ref().map(expand::expand));
    tokens.extend(faults.into_tokens());
    tokens
}
