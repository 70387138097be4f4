//! The condition of a change, as a function of what it names.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};

use crate::common::mention;
use crate::handler::model::Context;

/// `|current, previous, (name, room)| condition`, with `_` for what it does not name. A name stands
/// where the condition uses it, so that it is the same name whatever macro wrote it.
pub(super) fn expand(context: &[Context], condition: &TokenStream) -> TokenStream {
    let known = |name: &str| match mention(condition, name) {
        Some(place) => Ident::new(name, place).into_token_stream(),
        None => quote!(_),
    };
    let (current, previous) = (known("current"), known("previous"));
    let names: Vec<_> = context
        .iter()
        .map(|Context { name, .. }| {
            let place = mention(condition, &name.to_string())?;
            let mut name = name.clone();
            name.set_span(place);
            Some(name)
        })
        .collect();
    let values = match names.iter().any(Option::is_some) {
        true => {
            let names = names.iter().map(|name| match name {
                Some(name) => name.to_token_stream(),
                None => quote!(_),
            });
            quote!((#(#names,)*))
        }
        false => quote!(_),
    };
    quote!(|#current, #previous, #values| #condition)
}
