//! What every handler looks like.

use proc_macro2::Span;

use crate::common::{Faults, Function};
use crate::handler::model::{Event, Place};

/// Notes where a function does not look like a handler.
pub(super) fn check(
    event: Event,
    function: &Function,
    place: Place,
    attribute: Span,
    faults: &mut Faults,
) {
    let name = &function.name;
    if function.asynchronous.is_none() {
        faults.at(
            name.span(),
            format!("a handler is async; write `async fn {name}`"),
        );
    }
    if let Some(word) = &function.unsafety {
        faults.at(
            word.span(),
            "qlib calls a handler, and can promise it nothing; leave out `unsafe`, or use an `unsafe` block inside",
        );
    }
    if let Some(generic) = &function.generic {
        faults.at(
            generic.span(),
            "a handler has no type parameters: qlib calls it with one set of types",
        );
    }
    for param in function.params.iter().filter(|param| param.is_generic()) {
        faults.on(
            &param.kind,
            "a handler has no type parameters; write the type itself",
        );
    }
    if function.output.is_empty() {
        faults.at(
            name.span(),
            "a handler returns `Result<()>`; write `-> Result<()>` behind its arguments",
        );
    }
    match (&function.receiver, place) {
        (None, Place::Worker { .. }) => faults.at(
            name.span(),
            format!(
                "a handler of a worker takes `&mut self`; write `async fn {name}(&mut self, …)`"
            ),
        ),
        (Some(receiver), Place::Worker { .. }) if !receiver.borrowed => faults.on(
            &receiver.tokens,
            "the worker outlives the call; write `&mut self`",
        ),
        (Some(_), Place::Alone) => {
            let event = event.attribute();
            faults.at(
                attribute,
                format!("`#[{event}]` stands on a method here; put `#[worker]` on the `impl` block around it"),
            );
        }
        _ => {}
    }
}
