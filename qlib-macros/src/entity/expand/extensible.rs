//! What the entity hands to those that extend it.

use proc_macro2::TokenStream;
use quote::quote;

use super::{binding, inherited, parameter};
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
    let parameter = parameter(entity, "bound");
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

            fn binding(#parameter: &#bound) -> &#qlib::Binding {
                #shared
            }

            fn binding_mut(#parameter: &mut #bound) -> &mut #qlib::Binding {
                #unique
            }
        }
    }
}
