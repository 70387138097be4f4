//! Writes `main`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

use super::model::Application;

/// The function `main`; an empty one if something is wrong, so that its lack is no second mistake.
pub(crate) fn expand(application: &Application, sound: bool) -> TokenStream {
    let Application {
        qlib,
        name,
        setup,
        modules,
    } = application;
    let main = Ident::new("main", Span::call_site());
    let Some(name) = name.as_ref().filter(|_| sound) else {
        return quote!(fn #main() {});
    };
    let names = modules
        .iter()
        .map(|path| path.to_token_stream().to_string().replace(' ', ""));
    // At the place of the crate, so that one that does not exist is reported there.
    let uses = modules
        .iter()
        .map(|path| quote_spanned!(path.span()=> use #path as _;));
    let setup = setup.clone().unwrap_or_else(|| quote!(|_| {}));
    quote! {
        #(#uses)*

        fn #main() -> #qlib::ExitCode {
            #qlib::main(
                #qlib::Main {
                    name: #name,
                    version: #qlib::env!("CARGO_PKG_VERSION"),
                    modules: &[#(#names),*],
                },
                #setup,
            )
        }
    }
}
