//! Reads the function.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::parse::{ParseStream, Parser};

use super::model::Alone;
use crate::common::{Attribute, Faults, Function, Library, take_library};
use crate::handler::{self, Event, Handler, Place};

/// Gives the function without our attributes, and the worker that it is.
pub(crate) fn parse(
    event: Event,
    args: TokenStream,
    item: TokenStream,
    faults: &mut Faults,
) -> (TokenStream, Option<Alone>) {
    let read = |input: ParseStream<'_>| {
        let attributes = Attribute::parse_all(input)?;
        match Function::peek(input) {
            true => Function::parse(attributes, input),
            false => {
                let name = event.attribute();
                Err(input.error(format!("`#[{name}]` stands on an `async fn`")))
            }
        }
    };
    let mut function: Function = match read.parse2(item.clone()) {
        Ok(function) => function,
        Err(fault) => {
            faults.add(fault);
            return (item, None);
        }
    };
    let mut qlib = Library::default();
    qlib.read(take_library(&mut function.attributes, faults), faults);
    second(&mut function, faults);
    let place = Span::call_site();
    let handler = handler::parse(
        (event, args, place),
        &function,
        Place::Alone,
        &mut qlib,
        faults,
    );
    // What the function exists under holds for its worker as a whole.
    let handler = handler.map(|handler| Handler {
        conditions: Vec::new(),
        ..handler
    });
    let alone = Alone {
        qlib,
        visibility: function.visibility.clone(),
        name: function.name.clone(),
        conditions: function
            .attributes
            .iter()
            .filter(|other| other.is_cfg())
            .cloned()
            .collect(),
        handler,
    };
    let method = function.receiver.is_some();
    (function.to_token_stream(), (!method).then_some(alone))
}

/// A function handles one event; takes the attributes of others out.
fn second(function: &mut Function, faults: &mut Faults) {
    function.attributes.retain(|attribute| {
        let name = attribute.name();
        let second = Event::ALL
            .into_iter()
            .any(|event| event.attribute() == name);
        if second {
            faults.at(
                attribute.span(),
                "a function handles one event; write a function for this one that calls the other",
            );
        }
        !second
    });
}
