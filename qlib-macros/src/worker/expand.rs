//! Writes the registration of the worker.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::model::{Maker, Worker};
use crate::handler::{self, definition};

/// What stands beside the block.
pub(crate) fn expand(worker: &Worker) -> TokenStream {
    let Worker {
        qlib,
        subject,
        name,
        after,
        conditions,
        ..
    } = worker;
    let parameter = definition();
    let makers = makers(worker, &parameter);
    let leader = worker.leader.as_ref().map(|leader| {
        let definition = definition();
        quote!(#definition.#leader();)
    });
    // At the place of the other worker, so that what is none is reported there alone.
    let after = after.iter().map(|other| {
        let definition = definition();
        quote_spanned!(other.span()=> #definition.after::<#other>();)
    });
    let handlers = worker.handlers.iter().map(handler::registration);
    let mut body = quote! {
        #makers
        #leader
        #(#after)*
        #(#handlers)*
    };
    let parameter = match body.is_empty() {
        true => quote!(_),
        false => quote!(#parameter),
    };
    body = quote!(fn define(#parameter: &mut #qlib::WorkerDefinition<Self>) { #body });
    quote! {
        #(#conditions)*
        #[automatically_derived]
        impl #qlib::OneWorkerBlockHoldsAllHandlers for #subject {
            const NAME: &'static str = #name;

            fn origin() -> #qlib::Origin {
                #qlib::origin!()
            }

            #body
        }

        #(#conditions)*
        #qlib::inventory::submit! {
            #qlib::Registration::new(#qlib::origin!(), |registry| registry.worker::<#subject>())
        }
    }
}

/// How the worker is made: by `new`, by the application if `new` needs something, else by default.
fn makers(worker: &Worker, definition: &Ident) -> TokenStream {
    let Worker {
        qlib,
        subject,
        makers,
        ..
    } = worker;
    let by_new = makers.iter().filter(|maker| !maker.needs).map(|maker| {
        let Maker {
            name, conditions, ..
        } = maker;
        quote!(#(#conditions)* #definition.make(Self::#name);)
    });
    let always = makers.iter().any(|maker| maker.conditions.is_empty());
    let by_default = (!always).then(|| {
        let unless = makers.iter().map(|maker| {
            let conditions = maker
                .conditions
                .iter()
                .map(|condition| condition.args().unwrap_or_default());
            quote!(all(#(#conditions),*))
        });
        let unless = (!makers.is_empty()).then(|| quote!(#[cfg(not(any(#(#unless),*)))]));
        quote!(#unless #definition.make(<#subject as #qlib::MadeByDefault>::make);)
    });
    quote!(#(#by_new)* #by_default)
}
