//! The condition of a change, as a function of what it names.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};

use crate::common::{mention, misspelt};
use crate::handler::model::Context;

/// `|current, previous, (name, room)| condition`, with `_` for what it does not name. A name stands
/// where the condition uses it, so that it is the same name whatever macro wrote it; one that it
/// misspells is there too, so that the compiler can propose it.
pub(super) fn expand(context: &[Context], condition: &TokenStream) -> TokenStream {
    let mut unused = false;
    let mut known = |name: &Ident| {
        let text = name.to_string();
        let place = mention(condition, &text).or_else(|| {
            let place = misspelt(condition, &text);
            unused |= place.is_some();
            place
        })?;
        let mut name = name.clone();
        name.set_span(place);
        Some(name)
    };
    let shown = |name: Option<Ident>| name.map_or_else(|| quote!(_), Ident::into_token_stream);
    let [current, previous] =
        ["current", "previous"].map(|name| shown(known(&format_ident!("{name}"))));
    let names: Vec<_> = context.iter().map(|value| known(&value.name)).collect();
    let values = match names.iter().any(Option::is_some) {
        true => {
            let names = names.into_iter().map(shown);
            quote!((#(#names,)*))
        }
        false => quote!(_),
    };
    let allow = unused.then(|| quote!(#[allow(unused_variables)]));
    quote!(|#allow #current, #allow #previous, #allow #values| #condition)
}
