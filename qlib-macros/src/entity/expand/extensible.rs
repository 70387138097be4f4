//! What the entity hands to those that extend it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use super::{binding, inherited};
use crate::entity::model::{Entity, Field};

/// `impl Extensible for Device`.
pub(crate) fn expand(entity: &Entity) -> TokenStream {
    let Entity {
        qlib, ident, name, ..
    } = entity;
    let (handles, bound) = (entity.handles(), entity.bound());
    let names = entity.fields.iter().map(Field::name);
    let base = match &entity.base {
        Some(base) => {
            let declared = inherited(qlib, base, "DECLARED");
            quote!(#qlib::Some(#declared))
        }
        None => quote!(#qlib::None),
    };
    let parameter = Ident::new("bound", Span::call_site());
    let shared = binding(entity, &parameter, false);
    let unique = binding(entity, &parameter, true);
    quote! {
        #[automatically_derived]
        impl #qlib::Extensible for #ident {
            type Handles<E> = #handles<E>;
            type Bound = #bound;
            const DECLARED: &'static #qlib::Declared = &#qlib::Declared {
                name: #name,
                names: &[#(#names),*],
                base: #base,
            };

            fn binding(bound: &#bound) -> &#qlib::Binding {
                #shared
            }

            fn binding_mut(bound: &mut #bound) -> &mut #qlib::Binding {
                #unique
            }
        }
    }
}
