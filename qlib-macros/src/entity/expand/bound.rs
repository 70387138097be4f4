//! The entity bound to a store: a getter and a setter for each field.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use super::{binding, doc, handle_of, inherited, parameter};
use crate::entity::model::{Entity, Field};

/// `struct DeviceEntity`, which stands on that of the base or on the binding itself.
pub(crate) fn expand(entity: &Entity) -> TokenStream {
    let Entity {
        qlib,
        ident,
        visibility,
        ..
    } = entity;
    let bound = entity.bound();
    let inner = match &entity.base {
        Some(base) => inherited(qlib, base, "Bound"),
        None => quote!(#qlib::Binding),
    };
    let place = entity
        .base
        .as_ref()
        .map_or_else(Span::call_site, Spanned::span);
    let deref = quote_spanned! {place=>
        impl #qlib::From<#qlib::Binding> for #bound {
            fn from(binding: #qlib::Binding) -> Self {
                Self { inner: <#inner as #qlib::From<#qlib::Binding>>::from(binding), of: #qlib::PhantomData }
            }
        }

        impl #qlib::Deref for #bound {
            type Target = #inner;

            fn deref(&self) -> &Self::Target {
                &self.inner
            }
        }

        impl #qlib::DerefMut for #bound {
            fn deref_mut(&mut self) -> &mut Self::Target {
                &mut self.inner
            }
        }
    };
    let accessors = entity.fields.iter().map(|field| accessors(entity, field));
    let summary = doc(
        "",
        format!("A [`{ident}`] in a store, with what is to be written to it."),
    );
    quote! {
        #summary
        #[doc(hidden)]
        #visibility struct #bound {
            inner: #inner,
            of: #qlib::PhantomData<fn() -> #ident>,
        }

        impl #qlib::BoundEntity for #ident {
            type Bound = #bound;
        }

        #deref

        #[allow(dead_code, non_snake_case)]
        impl #bound {
            #(#accessors)*
        }
    }
}

fn accessors(entity: &Entity, field: &Field) -> TokenStream {
    let Entity { qlib, .. } = entity;
    let Field {
        visibility,
        ident,
        kind,
        ..
    } = field;
    let setter = format_ident!("set_{}", field.rust_name(), span = ident.span());
    let read = doc(&field.doc, format!("Reads the field `{}`.", field.name()));
    let write = doc(&field.doc, format!("Writes the field `{}`.", field.name()));
    let (this, value) = (
        parameter(entity, "self"),
        Ident::new("value", field.place()),
    );
    let shared = binding(entity, &this, false);
    let unique = binding(entity, &this, true);
    let handle = handle_of(entity, field);
    let get = quote_spanned! {field.place()=>
        <#kind as #qlib::FieldType>::read(
            #shared,
            #handle,
        )
    };
    let set = quote_spanned! {field.place()=>
        <#kind as #qlib::FieldType>::write(
            #unique,
            #handle,
            #qlib::ValueFor::into_value(#value),
        );
    };
    quote! {
        #read
        #visibility fn #ident(&#this) -> #qlib::Result<#kind> {
            #get
        }

        #write
        #visibility fn #setter(&mut #this, #value: impl #qlib::ValueFor<#kind>) -> &mut Self {
            #set
            #this
        }
    }
}
