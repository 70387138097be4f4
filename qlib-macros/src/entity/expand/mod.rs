//! Writes what stands beside the struct.

mod bound;
mod builder;
mod checks;
mod entity;
mod extensible;
mod handles;
mod lock;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Path;
use syn::spanned::Spanned;

use super::lock::Locked;
use super::model::{Entity, Field};
use crate::common::Library;

/// Everything that the derive adds.
pub(crate) fn expand(entity: &Entity, locked: Option<&Locked<'_>>) -> TokenStream {
    [
        handles::expand(entity),
        extensible::expand(entity),
        entity::expand(entity),
        builder::expand(entity),
        bound::expand(entity),
        checks::expand(entity),
        locked.map_or_else(TokenStream::new, |locked| lock::expand(entity, locked)),
        entity::registration(entity, locked),
    ]
    .into_iter()
    .collect()
}

/// The doc comment of a generated item, in place of one that the user did not write.
fn doc(doc: &str, otherwise: String) -> TokenStream {
    let doc = format!(" {}", if doc.is_empty() { &otherwise } else { doc });
    quote!(#[doc = #doc])
}

/// The place of the first of some tokens.
fn place(tokens: &TokenStream) -> Span {
    tokens
        .clone()
        .into_iter()
        .next()
        .map_or_else(Span::call_site, |token| token.span())
}

/// What an entity takes from its base. All that touches it stands at the place where the base is
/// named, so that a base that is no entity is one error.
fn inherited(qlib: &Library, base: &Path, what: &str) -> TokenStream {
    let what = Ident::new(what, base.span());
    quote_spanned!(base.span()=> <#base as #qlib::Extensible>::#what)
}

/// A parameter of a function that touches what an entity takes from its base.
fn parameter(entity: &Entity, name: &str) -> Ident {
    let place = entity
        .base
        .as_ref()
        .map_or_else(Span::call_site, Spanned::span);
    Ident::new(name, place)
}

/// The binding that `self` or another bound entity stands on.
fn binding(entity: &Entity, bound: &Ident, mutable: bool) -> TokenStream {
    let reference = match mutable {
        true => quote_spanned!(bound.span()=> &mut #bound.inner),
        false => quote_spanned!(bound.span()=> &#bound.inner),
    };
    let Some(base) = &entity.base else {
        return reference;
    };
    let binding = match mutable {
        true => inherited(&entity.qlib, base, "binding_mut"),
        false => inherited(&entity.qlib, base, "binding"),
    };
    quote_spanned!(base.span()=> #binding(#reference))
}

/// The typed handle of a field: `<Device as Entity>::FIELDS.Status`.
fn handle_of(entity: &Entity, field: &Field) -> TokenStream {
    let Entity {
        qlib, ident, base, ..
    } = entity;
    let mut handle = field.handle.clone();
    let place = match base {
        Some(base) => base.span(),
        None => field.place(),
    };
    handle.set_span(place);
    let mut ident = ident.clone();
    ident.set_span(place);
    quote_spanned!(place=> <#ident as #qlib::Entity>::FIELDS.#handle)
}
