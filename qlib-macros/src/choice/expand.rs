//! Writes the implementations.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::model::Choice;

/// The enum as a Choice, and as the type of a field.
pub(crate) fn expand(choice: &Choice) -> TokenStream {
    let Choice {
        qlib,
        ident,
        variants,
        complete,
    } = choice;
    let names = variants.iter().map(|variant| &variant.name);
    let idents: Vec<_> = variants.iter().map(|variant| &variant.ident).collect();
    let indexes: Vec<_> = (0..variants.len()).map(Literal::usize_unsuffixed).collect();
    let rest = (!complete).then(|| quote!(_ => 0,));
    quote! {
        #[automatically_derived]
        impl #qlib::Choice for #ident {
            const VARIANTS: &'static [&'static str] = &[#(#names),*];

            fn index(self) -> usize {
                match self {
                    #(Self::#idents => #indexes,)*
                    #rest
                }
            }

            fn from_index(index: usize) -> #qlib::Option<Self> {
                match index {
                    #(#indexes => #qlib::Some(Self::#idents),)*
                    _ => #qlib::None,
                }
            }
        }

        #qlib::choice_field!(#ident);
    }
}
