//! Writes what stands beside the struct.

mod bound;
mod builder;
mod checks;
mod entity;
mod handles;

use proc_macro2::{Span, TokenStream};

use super::model::Entity;

/// Everything that the derive adds.
pub(crate) fn expand(entity: &Entity) -> TokenStream {
    [
        handles::expand(entity),
        entity::expand(entity),
        builder::expand(entity),
        bound::expand(entity),
        checks::expand(entity),
        entity::registration(entity),
    ]
    .into_iter()
    .collect()
}

/// The doc comment of a generated item, in place of one that the user did not write.
fn doc(doc: &str, otherwise: String) -> TokenStream {
    let doc = format!(" {}", if doc.is_empty() { &otherwise } else { doc });
    quote::quote!(#[doc = #doc])
}

/// The place of the first of some tokens.
fn place(tokens: &TokenStream) -> Span {
    tokens
        .clone()
        .into_iter()
        .next()
        .map_or_else(Span::call_site, |token| token.span())
}
