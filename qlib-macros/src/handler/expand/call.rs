//! The function that calls a handler.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};

use crate::handler::model::{Argument, Event, Handler, Place, Role, Trigger};

/// `|worker, change, (name, room), cx| Box::pin(async move { … })`.
///
/// What is handed to the handler stands at the place of the argument's type, so that a type that
/// does not fit is reported there.
pub(super) fn expand(handler: &Handler) -> TokenStream {
    let Handler {
        qlib,
        name,
        place,
        arguments,
        output,
        ..
    } = handler;
    let cx = handler.cx();
    let leadership = handler.place_of(Role::Leadership).map(|place| {
        let (leadership, cx) = (handler.local("leadership", place), &cx);
        quote!(let #leadership = #cx.leadership()?;)
    });
    let given = arguments.iter().map(|argument| handler.given(argument));
    let (worker, callee) = match place {
        Place::Worker { .. } => {
            let worker = Ident::new("worker", Span::mixed_site());
            (quote!(#worker), quote!(#worker.#name))
        }
        Place::Alone => (quote!(_), quote!(#name)),
    };
    let params = handler.params(&cx);
    let outcome = Ident::new("outcome", *output);
    let qlib_there = qlib.at(*output);
    let end = quote_spanned!(*output=> #qlib_there::Outcome::from_handler(#outcome));
    quote! {
        |#worker, #(#params),*| #qlib::Box::pin(async move {
            #leadership
            let #outcome = #callee(#(#given),*).await;
            #end
        })
    }
}

impl Handler {
    /// The place of the argument of some role.
    fn place_of(&self, role: Role) -> Option<Span> {
        self.arguments
            .iter()
            .find(|argument| argument.role == role)
            .map(|argument| argument.place)
    }

    fn cx(&self) -> TokenStream {
        match (self.place_of(Role::Cx), self.place_of(Role::Leadership)) {
            (Some(place), _) | (None, Some(place)) => self.local("cx", place).into_token_stream(),
            (None, None) => quote!(_),
        }
    }

    /// The parameters of the function behind the worker.
    fn params(&self, cx: &TokenStream) -> Vec<TokenStream> {
        let mut params = Vec::new();
        if let Some(name) = self.payload() {
            params.push(match self.place_of(Role::Payload) {
                Some(place) => self.local(name, place).into_token_stream(),
                None => quote!(_),
            });
        }
        if matches!(self.trigger, Trigger::Change(_)) {
            params.push(self.values());
        }
        params.push(cx.clone());
        params
    }

    /// What comes with the event.
    fn payload(&self) -> Option<&'static str> {
        match &self.trigger {
            Trigger::Change(_) => Some("change"),
            Trigger::Signal(_) | Trigger::SystemSignal(_) => Some("value"),
            Trigger::Entity(event, _) | Trigger::Plain(event) => {
                event.payload().map(|(name, _)| name)
            }
            _ => None,
        }
    }

    /// The pattern of the context values.
    fn values(&self) -> TokenStream {
        let places: Vec<_> = (0..self.context.len())
            .map(|at| self.place_of(Role::Context(at)))
            .collect();
        if places.iter().all(Option::is_none) {
            return quote!(_);
        }
        let names = places
            .iter()
            .zip(&self.context)
            .map(|(place, value)| match place {
                Some(place) => self
                    .local(&value.name.to_string(), *place)
                    .into_token_stream(),
                None => quote!(_),
            });
        quote!((#(#names,)*))
    }

    /// What is handed over for an argument.
    fn given(&self, argument: &Argument) -> TokenStream {
        let place = argument.place;
        match argument.role {
            Role::Cx => self.local("cx", place).into_token_stream(),
            Role::Leadership => self.leadership(place),
            Role::Payload if matches!(self.trigger, Trigger::Plain(Event::Leader)) => {
                self.leadership(place)
            }
            Role::Payload => self.fitting(argument, self.payload().unwrap_or("value")),
            Role::Context(position) => match self.context.get(position) {
                Some(value) => self.fitting(argument, &value.name.to_string()),
                None => TokenStream::new(),
            },
        }
    }

    fn leadership(&self, place: Span) -> TokenStream {
        let leadership = self.local("leadership", place);
        quote_spanned!(place=> &#leadership)
    }

    /// A value that is handed over if it has the type of the argument; else the compiler says which
    /// type to write.
    fn fitting(&self, argument: &Argument, name: &str) -> TokenStream {
        let (qlib, kind) = (&self.qlib, &argument.kind);
        let name = self.local(name, argument.place);
        quote_spanned!(argument.place=> #qlib::argument::<#kind, _>(#name))
    }

    /// A local name at the place of an argument's type. It is not that of the function that is
    /// called there, and no word of Rust.
    fn local(&self, name: &str, place: Span) -> Ident {
        match name.strip_prefix("r#") {
            None if self.name != name => Ident::new(name, place),
            plain => format_ident!("{}_argument", plain.unwrap_or(name), span = place),
        }
    }
}
