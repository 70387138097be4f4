//! Reads the struct and gathers what is wrong with it.

mod bounds;
mod container;
mod field;
mod keys;
mod kinds;
mod names;
mod policies;

use proc_macro2::TokenStream;
use syn::{Data, DeriveInput, Fields, FieldsNamed};

use super::model::Entity;
use crate::common::{Faults, Library, args_of, docs};
pub(crate) use bounds::Bounds;
pub(crate) use keys::Given;
pub(crate) use kinds::{Kind, Shape};

/// Reads the struct. What is wrong with a part leaves out that part only.
pub(crate) fn parse(input: TokenStream, faults: &mut Faults) -> Option<Entity> {
    let input: DeriveInput = faults.keep(syn::parse2(input))?;
    let mut qlib = Library::default();
    qlib.read(args_of(&input.attrs, "qlib", faults), faults);
    let container = container::parse(&input, &qlib, faults);
    if let Some(generic) = input.generics.params.first() {
        faults.on(
            generic,
            "an entity has no parameters: its type is one type of the store",
        );
        return None;
    }
    let named = named_fields(&input, faults)?;
    let given = named.iter().flat_map(|fields| &fields.named).count();
    let fields = named.iter().flat_map(|fields| &fields.named);
    let fields: Vec<_> = fields
        .filter_map(|field| field::parse(field, &input.ident, &qlib, faults))
        .collect();
    let fields = names::distinct(fields, container.base.is_some(), faults);
    names::renames(&fields, faults);
    Some(Entity {
        qlib,
        doc: docs(&input.attrs),
        visibility: input.vis,
        complete: fields.len() == given,
        name: container.name,
        was: container.was,
        ident: input.ident,
        base: container.base,
        unlocked: container.unlocked,
        fields,
    })
}

/// The fields, if they have names or there are none.
fn named_fields(input: &DeriveInput, faults: &mut Faults) -> Option<Option<FieldsNamed>> {
    let name = &input.ident;
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => return Some(Some(fields.clone())),
            Fields::Unit => return Some(None),
            Fields::Unnamed(fields) => faults.on(
                fields,
                format!("the fields of an entity have names: write `struct {name} {{ field: … }}`"),
            ),
        },
        Data::Enum(_) => faults.at(
            name.span(),
            "an entity is a struct; for an enum that is the value of a field, write `#[derive(Choice)]`",
        ),
        Data::Union(_) => faults.at(name.span(), "an entity is a struct, no union"),
    }
    None
}
