//! Reads a handler and gathers what is wrong with it.

mod arguments;
mod context;
mod durable;
mod keys;
mod signature;
mod trigger;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

pub(crate) use durable::twice;

use super::model::{Event, Handler, Place};
use crate::common::{Faults, Function, Library};

/// Reads the function that stands under the attribute of an event. None if something is wrong.
pub(crate) fn parse(
    (event, args, attribute): (Event, TokenStream, Span),
    function: &Function,
    place: Place,
    qlib: &mut Library,
    faults: &mut Faults,
) -> Option<Handler> {
    let mut found = Faults::default();
    let (subject, rest) = trigger::split(event, args, &mut found);
    let options = keys::parse(event, rest, qlib, &mut found);
    if let Some(own) = &options.library {
        match place {
            Place::Alone => qlib.clone_from(own),
            Place::Worker { .. } => found.at(
                attribute,
                "`crate` holds for the whole block; write `#[worker(crate = …)]`",
            ),
        }
    }
    let trigger = trigger::parse(event, subject, attribute, &mut found);
    signature::check(event, function, place, attribute, &mut found);
    let leads = options.leads || place == Place::Worker { leads: true };
    let names: Vec<_> = options
        .context
        .iter()
        .map(|context| context.name.clone())
        .collect();
    let arguments = arguments::parse(event, function, &names, leads, &mut found);
    let sound = found.is_empty();
    faults.append(found);
    let handler = Handler {
        qlib: qlib.clone(),
        name: function.name.clone(),
        place,
        conditions: function
            .attributes
            .iter()
            .filter(|other| other.is_cfg())
            .cloned()
            .collect(),
        trigger: trigger?,
        cursor: options.cursor,
        options: options.calls,
        context: options.context,
        when: options.when,
        arguments,
        output: first_span(function.output.to_token_stream()),
    };
    sound.then_some(handler)
}

fn first_span(tokens: TokenStream) -> Span {
    tokens
        .into_iter()
        .next()
        .map_or_else(Span::call_site, |token| token.span())
}
