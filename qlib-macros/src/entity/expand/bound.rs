//! The entity bound to a store: a getter and a setter for each field.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::doc;
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
        Some(base) => quote!(<#base as #qlib::BoundEntity>::Bound),
        None => quote!(#qlib::Binding),
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
        }

        impl #qlib::BoundEntity for #ident {
            type Bound = #bound;
        }

        impl #qlib::From<#qlib::Binding> for #bound {
            fn from(binding: #qlib::Binding) -> Self {
                Self { inner: binding.into() }
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

        #[allow(dead_code)]
        impl #bound {
            #(#accessors)*
        }
    }
}

fn accessors(entity: &Entity, field: &Field) -> TokenStream {
    let Entity {
        qlib,
        ident: device,
        ..
    } = entity;
    let Field {
        visibility,
        ident,
        handle,
        kind,
        ..
    } = field;
    let setter = format_ident!("set_{}", field.rust_name(), span = ident.span());
    let read = doc(&field.doc, format!("Reads the field `{}`.", field.name()));
    let write = doc(&field.doc, format!("Writes the field `{}`.", field.name()));
    quote! {
        #read
        #visibility fn #ident(&self) -> #qlib::Result<#kind> {
            #qlib::Binding::get(self, <#device as #qlib::Entity>::FIELDS.#handle)
        }

        #write
        #visibility fn #setter(&mut self, value: impl #qlib::Into<#kind>) -> &mut Self {
            #qlib::Binding::set(self, <#device as #qlib::Entity>::FIELDS.#handle, value.into());
            self
        }
    }
}
