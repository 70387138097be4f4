//! The struct as an entity.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::{handle_of, inherited, place};

use crate::entity::lock::Locked;
use crate::entity::model::{Constraint, Entity, Field};

/// `impl Entity for Device`.
pub(crate) fn expand(entity: &Entity) -> TokenStream {
    let Entity {
        qlib, ident, name, ..
    } = entity;
    let handles = entity.handles();
    let place = entity
        .base
        .as_ref()
        .map_or_else(Span::call_site, Spanned::span);
    let fields =
        quote_spanned!(place=> const FIELDS: Self::Fields = <Self::Fields as #qlib::Handles>::ALL;);
    let schema = schema(entity);
    let read = read(entity);
    let validators = validators(entity);
    let conversions = conversions(entity);
    quote! {
        #[automatically_derived]
        impl #qlib::Entity for #ident {
            type Fields = #handles<#ident>;
            #fields
            const TYPE: &'static str = #name;

            fn schema() -> #qlib::Schema {
                #schema
            }

            #read

            #validators

            #conversions
        }
    }
}

/// One line on top of a plain function, so that `App::builder().register(…)` works without it.
pub(crate) fn registration(entity: &Entity, locked: Option<&Locked<'_>>) -> TokenStream {
    let Entity { qlib, ident, .. } = entity;
    let enter = match locked {
        Some(locked) => {
            let (file, text) = (&locked.file.name, locked.text(entity));
            quote!(registry.locked_entity::<#ident>(#file, #text))
        }
        None => quote!(registry.entity::<#ident>()),
    };
    quote! {
        #qlib::inventory::submit! {
            #qlib::Registration::new(#qlib::origin!(), |registry| #enter)
        }
    }
}

fn schema(entity: &Entity) -> TokenStream {
    let Entity {
        qlib,
        base,
        doc,
        was,
        ..
    } = entity;
    let extends = base.as_ref().map(|base| {
        let declared = inherited(qlib, base, "DECLARED");
        quote!(.extends(#declared.name))
    });
    let doc = (!doc.is_empty()).then(|| quote!(.doc(#doc)));
    let fields = entity.fields.iter().map(|field| {
        let Field { kind, doc, was, .. } = field;
        let (name, handle) = (field.name(), handle_of(entity, field));
        let define = quote_spanned! {field.place()=>
            <#kind as #qlib::FieldType>::define(#handle)
        };
        let constraints = field.constraints.iter().map(
            |Constraint { method, argument }| quote_spanned!(method.span()=> .#method(#argument)),
        );
        let doc = (!doc.is_empty()).then(|| quote!(.doc(#doc)));
        quote!(.field(#name, #define #(#constraints)* #(.was(#was))* #doc))
    });
    quote!(#qlib::Schema::new(Self::TYPE) #extends #(.was(#was))* #doc #(#fields)*)
}

fn read(entity: &Entity) -> TokenStream {
    let qlib = &entity.qlib;
    let row = Ident::new("row", Span::call_site());
    let fields = entity.fields.iter().map(|field| {
        let Field { ident, kind, .. } = field;
        let (row, handle) = (&row, handle_of(entity, field));
        quote_spanned! {field.place()=>
            #ident: <#kind as #qlib::FieldType>::read(#row, #handle)?
        }
    });
    // A struct whose derive failed is never read.
    let (row, body) = match (entity.complete, entity.fields.is_empty()) {
        (false, _) => (quote!(_), quote!(loop {})),
        (true, true) => (quote!(_), quote!(#qlib::Ok(Self {}))),
        (true, false) => (quote!(#row), quote!(#qlib::Ok(Self { #(#fields,)* }))),
    };
    quote! {
        fn read(#row: &dyn #qlib::Row) -> #qlib::Result<Self> {
            #body
        }
    }
}

fn validators(entity: &Entity) -> Option<TokenStream> {
    let qlib = &entity.qlib;
    let validator = |field: &Field| {
        let Field {
            inner, validate, ..
        } = field;
        let function = validate.as_ref()?;
        let handle = handle_of(entity, field);
        let value = Ident::new("value", place(function));
        Some(quote! {
            #qlib::Validator {
                field: #handle.key(),
                check: |value| #qlib::validate(value, |#value: &#inner| #function(#value)),
            }
        })
    };
    let validators: Vec<_> = entity.fields.iter().filter_map(validator).collect();
    (!validators.is_empty()).then(|| {
        quote! {
            fn validators() -> #qlib::Vec<#qlib::Validator> {
                #qlib::Vec::from([#(#validators),*])
            }
        }
    })
}

fn conversions(entity: &Entity) -> Option<TokenStream> {
    let qlib = &entity.qlib;
    let conversion = |field: &Field| {
        let Field { inner, convert, .. } = field;
        let function = convert.as_ref()?;
        let handle = handle_of(entity, field);
        Some(quote_spanned! {place(function)=>
            #qlib::conversion::<#inner, _, _, _>(#handle.key(), #function)
        })
    };
    let conversions: Vec<_> = entity.fields.iter().filter_map(conversion).collect();
    (!conversions.is_empty()).then(|| {
        quote! {
            fn conversions() -> #qlib::Vec<#qlib::Conversion> {
                #qlib::Vec::from([#(#conversions),*])
            }
        }
    })
}
