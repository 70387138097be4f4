//! The condition of a change, as a function of what it names.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use crate::common::mentions;
use crate::handler::model::Context;

/// `|current, previous, (name, room)| condition`, with `_` for what it does not name.
pub(super) fn expand(context: &[Context], condition: &TokenStream) -> TokenStream {
    let known = |name: &str| match mentions(condition, name) {
        true => Ident::new(name, Span::call_site()),
        false => Ident::new("_", Span::call_site()),
    };
    let (current, previous) = (known("current"), known("previous"));
    let used = |name: &Ident| mentions(condition, &name.to_string());
    let values = match context.iter().any(|value| used(&value.name)) {
        true => {
            let names = context.iter().map(|Context { name, .. }| match used(name) {
                true => quote!(#name),
                false => quote!(_),
            });
            quote!((#(#names,)*))
        }
        false => quote!(_),
    };
    quote!(|#current, #previous, #values| #condition)
}
