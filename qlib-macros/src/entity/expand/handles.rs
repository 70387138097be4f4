//! The companion: a typed handle for each field.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::{doc, inherited};
use crate::entity::model::{Entity, Field};

/// `struct DeviceFields<E = Device>` and its only value.
pub(crate) fn expand(entity: &Entity) -> TokenStream {
    let Entity {
        qlib,
        ident,
        visibility,
        ..
    } = entity;
    let handles = entity.handles();
    let inherited = parts(entity);
    let declared = entity.fields.iter().map(|field| declaration(entity, field));
    let values = entity.fields.iter().map(|field| value(entity, field));
    let Inherited {
        declarations,
        values: base_values,
        deref,
    } = inherited;
    let summary = doc("", format!("Typed handles of the fields of [`{ident}`]."));
    quote! {
        #summary
        #[doc(hidden)]
        #[allow(non_snake_case)]
        #visibility struct #handles<E = #ident> {
            #declarations
            #(#declared,)*
        }

        impl<E> #qlib::Handles for #handles<E> {
            const ALL: Self = Self {
                #base_values
                #(#values,)*
            };
        }

        #deref
    }
}

fn declaration(entity: &Entity, field: &Field) -> TokenStream {
    let qlib = &entity.qlib;
    let Field {
        visibility,
        handle,
        kind,
        ..
    } = field;
    let doc = doc(&field.doc, format!("The field `{}`.", field.name()));
    quote!(#doc #visibility #handle: #qlib::Field<E, #kind>)
}

fn value(entity: &Entity, field: &Field) -> TokenStream {
    let qlib = &entity.qlib;
    let handle = &field.handle;
    let (declared_by, name) = (&entity.name, field.name());
    quote! {
        #handle: #qlib::Field::new(#declared_by, #name, || {
            static CACHE: #qlib::FieldCache = #qlib::FieldCache::new();
            &CACHE
        })
    }
}

/// What the companion has besides the handles of the struct's own fields.
struct Inherited {
    declarations: TokenStream,
    values: TokenStream,
    deref: TokenStream,
}

fn parts(entity: &Entity) -> Inherited {
    let Entity {
        qlib, visibility, ..
    } = entity;
    let handles = entity.handles();
    match &entity.base {
        Some(base) => {
            let inner = inherited(qlib, base, "Handles");
            let inner = quote_spanned!(base.span()=> #inner<E>);
            // The last field says whether a struct has a size; that of a base that is no entity
            // would make it an error wherever the struct is named.
            let last = entity.fields.is_empty();
            let of = last.then(|| quote!(of: #qlib::PhantomData<fn() -> E>,));
            let of_value = last.then(|| quote!(of: #qlib::PhantomData,));
            Inherited {
                declarations: quote!(base: #inner, #of),
                values: quote_spanned!(base.span()=> base: <#inner as #qlib::Handles>::ALL, #of_value),
                deref: quote_spanned! {base.span()=>
                    impl<E> #qlib::Deref for #handles<E> {
                        type Target = #inner;

                        fn deref(&self) -> &Self::Target {
                            &self.base
                        }
                    }
                },
            }
        }
        None => {
            let system = |name: &str| Ident::new(name, Span::call_site());
            let (name, description, parent) =
                (system("Name"), system("Description"), system("Parent"));
            Inherited {
                declarations: quote! {
                    /// The name, unique among siblings; writing it renames.
                    #visibility #name: #qlib::Field<E, #qlib::String>,
                    /// What the entity is, for people.
                    #visibility #description: #qlib::Field<E, #qlib::Option<#qlib::String>>,
                    /// The entity above this one.
                    #visibility #parent: #qlib::Field<E, #qlib::Option<#qlib::EntityId>>,
                },
                values: quote! {
                    #name: #qlib::system::name(),
                    #description: #qlib::system::description(),
                    #parent: #qlib::system::parent(),
                },
                deref: TokenStream::new(),
            }
        }
    }
}
