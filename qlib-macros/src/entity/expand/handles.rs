//! The companion: a typed handle for each field.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use super::doc;
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
    let inherited = inherited(entity);
    let declared = entity.fields.iter().map(|field| declaration(entity, field));
    let values = entity.fields.iter().map(|field| value(entity, field));
    let names = entity.fields.iter().map(Field::name);
    let base = match &entity.base {
        Some(base) => quote!(#qlib::Some(<#base as #qlib::Extensible>::DECLARED)),
        None => quote!(#qlib::None),
    };
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
            #(#declared,)*
            #declarations
        }

        impl<E> #qlib::Handles for #handles<E> {
            const ALL: Self = Self {
                #(#values,)*
                #base_values
            };
        }

        #deref

        impl #qlib::Extensible for #ident {
            type Handles<E> = #handles<E>;
            const DECLARED: &'static #qlib::Declared = &#qlib::Declared {
                names: &[#(#names),*],
                base: #base,
            };
        }
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

fn inherited(entity: &Entity) -> Inherited {
    let Entity {
        qlib, visibility, ..
    } = entity;
    let handles = entity.handles();
    match &entity.base {
        Some(base) => Inherited {
            declarations: quote!(base: <#base as #qlib::Extensible>::Handles<E>),
            values: quote!(base: <<#base as #qlib::Extensible>::Handles<E> as #qlib::Handles>::ALL),
            deref: quote! {
                impl<E> #qlib::Deref for #handles<E> {
                    type Target = <#base as #qlib::Extensible>::Handles<E>;

                    fn deref(&self) -> &Self::Target {
                        &self.base
                    }
                }
            },
        },
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
                    #visibility #parent: #qlib::Field<E, #qlib::Option<#qlib::EntityId>>
                },
                values: quote! {
                    #name: #qlib::system::name(),
                    #description: #qlib::system::description(),
                    #parent: #qlib::system::parent()
                },
                deref: TokenStream::new(),
            }
        }
    }
}
