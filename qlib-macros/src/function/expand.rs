//! Writes the worker that the function is.

use proc_macro2::TokenStream;
use quote::quote;

use super::model::Alone;
use crate::handler;

/// What stands beside the function: a type of the same name, since types and functions have names
/// of their own, so that `workers(overheating)` and `after = overheating` name it.
pub(crate) fn expand(alone: &Alone) -> TokenStream {
    let Alone {
        qlib,
        visibility,
        name,
        conditions,
        handler,
    } = alone;
    let definition = handler::definition();
    let text = name.to_string();
    let text = text.trim_start_matches("r#");
    let doc = format!(" The worker of the function [`{text}`](fn@{text}).");
    // The condition of the function is that of the whole worker.
    let handler = handler.as_ref().map(handler::registration);
    quote! {
        #(#conditions)*
        #[doc = #doc]
        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        #visibility struct #name {}

        #(#conditions)*
        #[automatically_derived]
        impl #qlib::Worker for #name {
            const NAME: &'static str = #text;

            fn origin() -> #qlib::Origin {
                #qlib::origin!()
            }

            fn define(#definition: &mut #qlib::WorkerDefinition<Self>) {
                #definition.make(|| Self {});
                #handler
            }
        }

        #(#conditions)*
        #qlib::inventory::submit! {
            #qlib::Registration::new(#qlib::origin!(), |registry| registry.worker::<#name>())
        }
    }
}
