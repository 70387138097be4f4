//! What constants decide, so that `cargo check` finds it.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use crate::entity::model::{Entity, Field};

/// Items without a name.
pub(crate) fn expand(entity: &Entity) -> TokenStream {
    let inherited = entity
        .fields
        .iter()
        .filter_map(|field| inherited(entity, field));
    let reads = reads(entity);
    quote!(#(#inherited)* #reads)
}

/// A field cannot have the name of one of the base's.
fn inherited(entity: &Entity, field: &Field) -> Option<TokenStream> {
    let qlib = &entity.qlib;
    let base = entity.base.as_ref()?;
    let declared = super::inherited(qlib, base, "DECLARED");
    let name = field.name();
    let fault = format!(
        "the entity that `{}` extends has a field `{name}` already; give this one another name",
        entity.name
    );
    Some(quote_spanned! {field.ident.span()=>
        const _: () = {
            let inherited = #declared;
            inherited.lacks(#name, #fault)
        };
    })
}

/// Reads each field, so that none is dead code where only the store looks at it.
fn reads(entity: &Entity) -> Option<TokenStream> {
    let ident = &entity.ident;
    let fields: Vec<_> = entity.fields.iter().map(|field| &field.ident).collect();
    (!fields.is_empty())
        .then(|| quote!(const _: fn(&#ident) = |entity| _ = (#(&entity.#fields,)*);))
}
