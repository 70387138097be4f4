//! The struct as an entity.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::entity::model::{Constraint, Entity, Field};

/// `impl Entity for Device`.
pub(crate) fn expand(entity: &Entity) -> TokenStream {
    let Entity {
        qlib, ident, name, ..
    } = entity;
    let handles = entity.handles();
    let schema = schema(entity);
    let read = read(entity);
    let validators = validators(entity);
    quote! {
        #[automatically_derived]
        impl #qlib::Entity for #ident {
            type Fields = #handles<#ident>;
            const FIELDS: Self::Fields = <Self::Fields as #qlib::Handles>::ALL;
            const TYPE: &'static str = #name;

            fn schema() -> #qlib::Schema {
                #schema
            }

            #read

            #validators
        }
    }
}

/// One line on top of a plain function, so that `App::builder().register(…)` works without it.
pub(crate) fn registration(entity: &Entity) -> TokenStream {
    let Entity { qlib, ident, .. } = entity;
    quote! {
        #qlib::inventory::submit! {
            #qlib::Registration::new(#qlib::origin!(), |registry| registry.entity::<#ident>())
        }
    }
}

fn schema(entity: &Entity) -> TokenStream {
    let Entity {
        qlib, base, doc, ..
    } = entity;
    let extends = base
        .as_ref()
        .map(|base| quote!(.extends(<#base as #qlib::Entity>::TYPE)));
    let doc = (!doc.is_empty()).then(|| quote!(.doc(#doc)));
    let fields = entity.fields.iter().map(|field| {
        let (handle, name) = (&field.handle, field.name());
        let constraints = field
            .constraints
            .iter()
            .map(|Constraint { method, argument }| quote!(.#method(#argument)));
        let doc = &field.doc;
        let doc = (!doc.is_empty()).then(|| quote!(.doc(#doc)));
        quote!(.field(#name, Self::FIELDS.#handle.define() #(#constraints)* #doc))
    });
    quote!(#qlib::Schema::new(Self::TYPE) #extends #doc #(#fields)*)
}

fn read(entity: &Entity) -> TokenStream {
    let qlib = &entity.qlib;
    let fields = entity
        .fields
        .iter()
        .map(|Field { ident, handle, .. }| quote!(#ident: row.get(Self::FIELDS.#handle)?));
    // A struct whose derive failed is never read.
    let (row, body) = match (entity.complete, entity.fields.is_empty()) {
        (false, _) => (quote!(_), quote!(loop {})),
        (true, true) => (quote!(_), quote!(#qlib::Ok(Self {}))),
        (true, false) => (quote!(row), quote!(#qlib::Ok(Self { #(#fields,)* }))),
    };
    quote! {
        fn read(#row: &dyn #qlib::Row) -> #qlib::Result<Self> {
            #body
        }
    }
}

fn validators(entity: &Entity) -> Option<TokenStream> {
    let qlib = &entity.qlib;
    let validators: Vec<_> = entity
        .fields
        .iter()
        .filter_map(|field| {
            let Field {
                handle,
                kind,
                validate,
                ..
            } = field;
            let function = validate.as_ref()?;
            let value = Ident::new("value", super::place(function));
            Some(quote! {
                #qlib::Validator {
                    field: Self::FIELDS.#handle.key(),
                    check: |value| #qlib::validate(
                        value,
                        |#value: &<#kind as #qlib::FieldType>::Base| #function(#value),
                    ),
                }
            })
        })
        .collect();
    (!validators.is_empty()).then(|| {
        quote! {
            fn validators() -> #qlib::Vec<#qlib::Validator> {
                #qlib::Vec::from([#(#validators),*])
            }
        }
    })
}
