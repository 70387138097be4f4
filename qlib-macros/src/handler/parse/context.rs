//! The values that are read with a change: `context(name = Device.Name)`.

use proc_macro2::{Span, TokenStream};

use crate::common::{Faults, Given, split_args};
use crate::handler::model::Context;

/// Names that a handler or a condition knows already.
const TAKEN: [&str; 5] = ["change", "cx", "leadership", "current", "previous"];

/// The most values; tuples are implemented up to that length.
const MOST: usize = 12;

/// Reads the list.
pub(super) fn parse(list: TokenStream, place: Span, faults: &mut Faults) -> Vec<Context> {
    let mut context: Vec<Context> = Vec::new();
    for arg in split_args(list, "a value, as in `name = Device.Name`", faults) {
        let name = arg.key;
        let word = name.to_string();
        let Given::Value(path) = arg.given else {
            faults.at(
                name.span(),
                format!("say which field `{word}` is: write `{word} = Device.Field`"),
            );
            continue;
        };
        if TAKEN.contains(&word.as_str()) {
            faults.at(
                name.span(),
                format!("`{word}` is something else already; give the value another name"),
            );
        } else if context.iter().any(|other| other.name == name) {
            faults.at(
                name.span(),
                format!("two values are called `{word}`; give one of them another name"),
            );
        } else if let Some(path) = faults.keep(syn::parse2(path)) {
            context.push(Context { name, path });
        }
    }
    if context.is_empty() && faults.is_empty() {
        faults.at(place, "the list is empty; write what is read with the change, as in `context(name = Device.Name)`, or leave it out");
    }
    if context.len() > MOST {
        faults.at(
            place,
            format!(
                "a change carries at most {MOST} values; read the others with `change.entity(cx)`"
            ),
        );
    }
    context
}
