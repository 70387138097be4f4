//! Reads a field.

use heck::ToUpperCamelCase;
use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;

use super::keys::{self, Given};
use super::{bounds, kinds, names};
use crate::common::{Faults, Library, args_of, docs, misplaced};
use crate::entity::lock::facts;
use crate::entity::model::{Field, plain};

/// Reads a field; none if its type can be that of no field.
pub(crate) fn parse(
    field: &syn::Field,
    entity: &Ident,
    qlib: &Library,
    faults: &mut Faults,
) -> Option<Field> {
    let ident = field.ident.clone()?;
    let mut given = Given::new(qlib);
    misplaced(
        &field.attrs,
        "entity",
        "`#[entity]` stands on the struct; the attribute of a field is `#[field]`",
        faults,
    );
    keys::KEYS.read_all(args_of(&field.attrs, "field", faults), &mut given, faults);
    let handle = handle(&ident, &given, faults);
    let written = faults.keep(syn::parse2(named(field.ty.to_token_stream(), entity)))?;
    let kind = faults.keep(kinds::kind(&written))?;
    let mut found = Faults::default();
    bounds::check(&given, &kind, &mut found);
    if !found.is_empty() {
        // What is wrong already is not told to the compiler.
        given.constraints.clear();
    }
    faults.append(found);
    let doc = docs(&field.attrs);
    let facts = facts(&given, &kind, &doc, ident.span());
    Some(Field {
        visibility: field.vis.clone(),
        handle: handle?,
        doc,
        facts,
        inner: kinds::argument(&written, "Option")
            .unwrap_or(&written)
            .clone(),
        kind: written,
        optional: kind.optional,
        default: given.default.is_some(),
        constraints: given.constraints,
        was: given.was,
        validate: given.validate.map(ToTokens::into_token_stream),
        convert: given.convert.map(ToTokens::into_token_stream),
        ident,
    })
}

/// A type in which the entity has its name, since `Self` is another one where the type is used.
fn named(kind: TokenStream, entity: &Ident) -> TokenStream {
    let name = |token| match token {
        TokenTree::Ident(word) if word == "Self" => {
            let mut entity = entity.clone();
            entity.set_span(word.span());
            TokenTree::Ident(entity)
        }
        TokenTree::Group(group) => {
            let mut inner = Group::new(group.delimiter(), named(group.stream(), entity));
            inner.set_span(group.span());
            TokenTree::Group(inner)
        }
        other => other,
    };
    kind.into_iter().map(name).collect()
}

/// The name of the typed handle, at the place of the field.
fn handle(ident: &Ident, given: &Given, faults: &mut Faults) -> Option<Ident> {
    let (name, place) = match &given.rename {
        Some(rename) => (rename.value(), rename.span()),
        None => (plain(ident).to_upper_camel_case(), ident.span()),
    };
    match names::check(&name) {
        Ok(()) => Some(Ident::new(&name, ident.span())),
        Err(fault) if given.rename.is_some() => {
            faults.at(place, fault);
            None
        }
        Err(fault) => {
            faults.at(
                place,
                format!("{fault}, or write `#[field(rename = \"…\")]`"),
            );
            None
        }
    }
}
