//! What the lock says of types that only the compiler knows.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::inherited;
use crate::entity::lock::Locked;
use crate::entity::model::{Entity, Field};

/// Items without a name.
pub(crate) fn expand(entity: &Entity, locked: &Locked<'_>) -> TokenStream {
    let base = base(entity, locked);
    let fields = entity
        .fields
        .iter()
        .filter_map(|field| holds(entity, locked, field));
    quote!(#base #(#fields)*)
}

fn base(entity: &Entity, locked: &Locked<'_>) -> Option<TokenStream> {
    let qlib = &entity.qlib;
    let (base, expected) = (entity.base.as_ref()?, locked.base()?);
    let declared = inherited(qlib, base, "DECLARED");
    let fault = locked.fault(&entity.name, &format!("extends {expected}"));
    Some(quote_spanned! {base.span()=>
        const _: () = {
            let extended = #declared;
            extended.is_called(#expected, #fault)
        };
    })
}

/// The type of a field holds what the lock says.
fn holds(entity: &Entity, locked: &Locked<'_>, field: &Field) -> Option<TokenStream> {
    let (qlib, kind, name) = (&entity.qlib, &field.kind, field.name());
    let section = locked.field(entity, &name)?;
    let what = format!("{}.{name}", entity.name);
    let tokens = |key: &str, otherwise: &str| -> Option<TokenStream> {
        section.get(key).unwrap_or(otherwise).parse().ok()
    };
    let (is, target) = (tokens("kind", "\"\"")?, tokens("target", "\"\"")?);
    let (required, choices) = (tokens("required", "false")?, tokens("choices", "[]")?);
    let bare = |key: &str| {
        section
            .get(key)
            .unwrap_or_default()
            .replace(['"', '[', ']'], "")
    };
    let says = |says: String| locked.fault(&what, &says);
    let kind_fault = says(format!("holds {}", bare("kind")));
    let required_fault = says(match section.get("required") {
        Some("true") => "always has a value".to_owned(),
        _ => "may be unset: an `Option`".to_owned(),
    });
    let choices_fault = says(format!("has the variants {}", bare("choices")));
    let target_fault = says(match section.get("target") {
        Some(_) => format!("refers to {}", bare("target")),
        None => "refers to any entity".to_owned(),
    });
    Some(quote_spanned! {field.place()=>
        const _: () = {
            let locked = #qlib::LockedField {
                kind: (#is, #kind_fault),
                required: (#required, #required_fault),
                choices: (&#choices, #choices_fault),
                target: (#target, #target_fault),
            };
            locked.check::<#kind>()
        };
    })
}
