//! Writes the registration of a handler.

mod call;
mod condition;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use super::model::{Call, Context, Event, Handler, Trigger};

/// The statement that registers a handler with the definition of its worker.
pub(crate) fn registration(handler: &Handler) -> TokenStream {
    let Handler {
        conditions,
        options,
        name,
        ..
    } = handler;
    let definition = Ident::new("definition", Span::call_site());
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
        .map(|Call { method, argument }| quote!(.#method(#argument)));
    quote!(#(#conditions)* #definition #begin #context #when #(#options)* #end;)
}

fn begin(handler: &Handler) -> TokenStream {
    let qlib = &handler.qlib;
    match &handler.trigger {
        Trigger::Init => quote!(.init),
        Trigger::Deinit => quote!(.deinit),
        Trigger::Every(period) => {
            let period = period.expand(qlib);
            quote!(.every(#period))
        }
        Trigger::Tick(tick) => quote_spanned!(tick.span()=> .every_tick()),
        Trigger::Change(field) => {
            let field = field.expand(qlib);
            quote!(.on_change(#field))
        }
        Trigger::Entity(event, path) => {
            let method = method(*event);
            quote!(.#method::<#path>())
        }
        Trigger::Signal(signal) => {
            let (worker, field) = (&signal.entity, &signal.field);
            quote!(.on_signal(|emitter: &#worker| &emitter.#field))
        }
        Trigger::SystemSignal(signal) => {
            let (source, field) = (&signal.entity, &signal.field);
            quote!(.on_system_signal(<#source as #qlib::SystemSignals>::SIGNALS.#field))
        }
        Trigger::Plain(event) => {
            let method = method(*event);
            quote!(.#method())
        }
    }
}

fn method(event: Event) -> Ident {
    Ident::new(event.attribute(), Span::call_site())
}

fn context(handler: &Handler) -> Option<TokenStream> {
    let paths = handler
        .context
        .iter()
        .map(|Context { path, .. }| path.expand(&handler.qlib));
    (!handler.context.is_empty()).then(|| quote!(.context((#(#paths,)*))))
}
