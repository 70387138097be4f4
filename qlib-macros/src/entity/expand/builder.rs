//! The builder of new entities: what is required and missing does not compile.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::{doc, handle_of};
use crate::entity::model::{Entity, Field};

/// `Device::builder()`, and what it returns.
pub(crate) fn expand(entity: &Entity) -> TokenStream {
    let Entity {
        qlib,
        ident,
        visibility,
        ..
    } = entity;
    let builder = entity.builder();
    let slots = slots(entity);
    let params: Vec<_> = slots.iter().map(|slot| &slot.param).collect();
    let setters = entity
        .fields
        .iter()
        .map(|field| setter(entity, field, &slots));
    let base = entity.base.as_ref().map(|base| {
        let given = given(entity, "base", &slots);
        quote! {
            /// Gives the fields of the entity that this one extends.
            #visibility fn base(mut self, base: impl #qlib::NewEntity<#base>) -> #given {
                self.values.extend(base);
                #builder { values: self.values, given: #qlib::PhantomData }
            }
        }
    });
    let missing = missing(entity, &slots);
    let fields = entity.fields.len();
    let summary = doc("", format!("A new [`{ident}`] that is not complete yet."));
    let begin = doc(
        "",
        format!(
            "Begins a new `{ident}`: give it every field that is no `Option` and has no default."
        ),
    );
    quote! {
        #summary
        #[doc(hidden)]
        #[must_use]
        #visibility struct #builder<#(#params = #qlib::Missing),*> {
            values: #qlib::NewValues,
            given: #qlib::PhantomData<fn() -> (#(#params,)*)>,
        }

        #[allow(dead_code, non_snake_case)]
        impl<#(#params),*> #builder<#(#params),*> {
            #(#setters)*
            #base
        }

        #missing

        #[allow(dead_code)]
        impl #ident {
            #begin
            #visibility fn builder() -> #builder {
                #builder { values: #qlib::NewValues::with_capacity(#fields), given: #qlib::PhantomData }
            }
        }
    }
}

/// Something that a new entity must be given.
struct Slot {
    /// The setter that gives it.
    setter: String,
    /// The parameter of the builder that says whether it was given.
    param: Ident,
    /// The trait of a parameter that says so.
    given: Ident,
}

fn slots(entity: &Entity) -> Vec<Slot> {
    let mut slots: Vec<Slot> = entity
        .required()
        .map(|field| Slot {
            setter: field.rust_name(),
            param: format_ident!("Has{}", field.name()),
            given: format_ident!("Gives{}", field.name()),
        })
        .collect();
    if entity.base.is_some() {
        slots.push(Slot {
            setter: "base".to_owned(),
            param: format_ident!("HasBaseFields"),
            given: format_ident!("GivesBaseFields"),
        });
    }
    slots
}

/// The builder once the setter was called.
fn given(entity: &Entity, setter: &str, slots: &[Slot]) -> TokenStream {
    let qlib = &entity.qlib;
    let builder = entity.builder();
    let params = slots.iter().map(
        |Slot {
             setter: name,
             param,
             ..
         }| match name == setter {
            true => quote!(#qlib::Given),
            false => quote!(#param),
        },
    );
    quote!(#builder<#(#params),*>)
}

fn setter(entity: &Entity, field: &Field, slots: &[Slot]) -> TokenStream {
    let qlib = &entity.qlib;
    let (builder, handle) = (entity.builder(), handle_of(entity, field));
    let Field {
        visibility,
        ident,
        kind,
        inner,
        ..
    } = field;
    let doc = doc(&field.doc, format!("Gives the field `{}`.", field.name()));
    let this = Ident::new("self", field.place());
    let value = Ident::new("value", field.place());
    let given_value = match field.optional {
        true => quote!(#qlib::Some(#qlib::ValueFor::into_value(#value))),
        false => quote!(#qlib::ValueFor::into_value(#value)),
    };
    let write = quote_spanned! {field.place()=>
        <#kind as #qlib::FieldType>::write(
            &mut #this.values,
            #handle,
            #given_value,
        );
    };
    let (given, complete) = match field.required() {
        true => {
            let given = given(entity, &field.rust_name(), slots);
            let values = quote!(values: #this.values, given: #qlib::PhantomData);
            (given, quote!(#builder { #values }))
        }
        false => (quote!(Self), quote!(#this)),
    };
    quote! {
        #doc
        #visibility fn #ident(mut #this, #value: impl #qlib::ValueFor<#inner>) -> #given {
            #write
            #complete
        }
    }
}

/// A complete builder is a new entity; one that is not says which call is missing.
fn missing(entity: &Entity, slots: &[Slot]) -> TokenStream {
    let Entity { qlib, ident, .. } = entity;
    let builder = entity.builder();
    let params: Vec<_> = slots.iter().map(|slot| &slot.param).collect();
    let bounds = slots
        .iter()
        .map(|Slot { param, given, .. }| quote!(#param: #given));
    let traits = slots.iter().map(|Slot { setter, given, .. }| {
        let message = format!("the new `{ident}` lacks `{setter}`");
        let label = format!("write `.{setter}(…)` on the builder");
        let note = match setter.as_str() {
            "base" => format!("`{ident}` extends another entity, whose builder goes there"),
            _ => format!("`{setter}` is no `Option` and has no default"),
        };
        quote! {
            #[diagnostic::on_unimplemented(message = #message, label = #label, note = #note)]
            trait #given {}

            impl #given for #qlib::Given {}
        }
    });
    quote! {
        const _: () = {
            #(#traits)*

            impl<#(#bounds),*> #qlib::NewEntity<#ident> for #builder<#(#params),*> {
                fn into_values(self) -> #qlib::Vec<(#qlib::FieldKey, #qlib::Value)> {
                    self.values.into_vec()
                }
            }
        };
    }
}
