//! Writes the registration of a handler.

mod call;
mod condition;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::model::{Call, Context, Handler, Trigger};

/// The statement that registers a handler with the definition of its worker.
pub(crate) fn registration(handler: &Handler) -> TokenStream {
    let Handler {
        conditions,
        options,
        name,
        ..
    } = handler;
    let begin = begin(handler);
    let function = call::expand(handler);
    let end = match &handler.trigger {
        Trigger::Init | Trigger::Deinit => quote!((#function)),
        _ => {
            let name = name.to_string();
            let name = name.trim_start_matches("r#");
            quote!(.call(#name, #function))
        }
    };
    let context = context(handler);
    let when = handler.when.as_ref().map(|when| {
        let condition = condition::expand(&handler.context, when);
        quote!(.when(#condition))
    });
    let options = options
        .iter()
        .map(|Call { method, argument }| quote_spanned!(method.span()=> .#method(#argument)));
    quote!(#(#conditions)* #begin #context #when #(#options)* #end;)
}

/// The definition of the worker, told what the handler reacts to. It stands where that is named, so
/// that what does not fit is reported there.
fn begin(handler: &Handler) -> TokenStream {
    let qlib = &handler.qlib;
    let definition = definition();
    match &handler.trigger {
        Trigger::Init => quote!(#definition.init),
        Trigger::Deinit => quote!(#definition.deinit),
        Trigger::Every(period) => {
            let period = period.expand(qlib);
            quote!(#definition.every(#period))
        }
        Trigger::Tick(tick) => quote_spanned!(tick.span()=> #definition.every_tick()),
        Trigger::Change(path) => {
            let (entity, field) = (&path.entity, path.expand(qlib));
            quote_spanned!(path.place()=> #definition.on_change::<#entity, _>(#field))
        }
        Trigger::Entity(event, path) => {
            let method = Ident::new(event.attribute(), path.span());
            quote_spanned!(path.span()=> #definition.#method::<#path>())
        }
        Trigger::Signal(signal) => {
            let (worker, field) = (&signal.entity, &signal.field);
            // At the field, so that one that is no signal is reported there.
            let read = quote_spanned!(field.span()=> |emitter| &emitter.#field);
            quote_spanned!(signal.place()=> #definition.on_signal::<#worker, _>(#read))
        }
        Trigger::SystemSignal(signal) => {
            let (source, field) = (&signal.entity, &signal.field);
            quote_spanned! {signal.place()=>
                #definition.on_system_signal(<#source as #qlib::SystemSignals>::SIGNALS.#field)
            }
        }
        Trigger::Plain(event) => {
            let method = Ident::new(event.attribute(), Span::call_site());
            quote!(#definition.#method())
        }
    }
}

/// The parameter that is the definition of the worker. It is no function of the user's of that name.
pub(crate) fn definition() -> Ident {
    Ident::new("definition", Span::mixed_site())
}

fn context(handler: &Handler) -> Option<TokenStream> {
    let first = handler.context.first()?;
    let paths = handler
        .context
        .iter()
        .map(|Context { path, .. }| path.expand(&handler.qlib));
    Some(quote_spanned!(first.path.place()=> .context((#(#paths,)*))))
}
