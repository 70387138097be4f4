//! What the attributes of a field say, in the words of the lock.

use std::time::Duration;

use proc_macro2::{Span, TokenStream};
use syn::{Lit, LitStr};

use super::text::quoted;
use crate::common::{Number, number};
use crate::entity::parse::{Bounds, Given, Kind, Shape};

/// What a field says of itself.
pub(crate) struct Fact {
    /// The key of the lock.
    pub(crate) key: &'static str,
    /// Where it is said.
    pub(crate) place: Span,
    /// How the lock says it; none if only the compiler knows.
    pub(crate) text: Option<String>,
}

/// What the attributes of a field say.
pub(crate) fn facts(given: &Given, kind: &Kind, doc: &str, field: Span) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |key: &'static str, place: Span, text: Option<String>| {
        facts.push(Fact { key, place, text });
    };
    for constraint in &given.constraints {
        let (place, argument) = (constraint.method.span(), &constraint.argument);
        match constraint.method.to_string().as_str() {
            "range" => {
                for (key, end) in given.range.iter().flat_map(Bounds::ends) {
                    add(key, place, literal(kind.shape, end));
                }
            }
            "index" => add("index", place, flag()),
            "unique" => add("unique", place, flag()),
            "configuration" => add("configuration", place, flag()),
            "default" => add("default", place, literal(kind.shape, argument)),
            "default_of_type" => add("default", place, default_of(kind.shape)),
            "pattern" => add("pattern", place, text(argument)),
            "max_length" => add("max_length", place, whole(argument)),
            "rank" if whole(argument).as_deref() == Some("0") => {}
            "rank" => add("rank", place, whole(argument)),
            "unit" if text(argument).as_deref() == Some("\"\"") => {}
            "unit" => add("unit", place, text(argument)),
            _ => {}
        }
    }
    if let Some(rule) = &given.on_delete {
        let usual = match (kind.shape, kind.optional) {
            (Shape::Reference, false) => "refuse",
            _ => "unset",
        };
        if rule.value() != usual {
            add("on_delete", rule.span(), Some(quoted(&rule.value())));
        }
    }
    for (key, role) in ["read", "write"].into_iter().zip(&given.access) {
        if let Some(role) = role {
            add(key, role.span(), Some(quoted(&role.value())));
        }
    }
    if let Some(history) = &given.history {
        let time = |nanos: u64| Some(format!("\"{:?}\"", Duration::from_nanos(nanos)));
        add("history_keep", history.place, time(history.keep));
        if let Some(least) = history.min_interval {
            add("history_min_interval", history.place, time(least));
        }
        if let Some(band) = &history.deadband {
            add(
                "history_deadband",
                history.place,
                literal(Shape::Float, band),
            );
        }
    }
    if let Some(first) = given.was.first() {
        let was: Vec<_> = given.was.iter().map(LitStr::value).collect();
        add("was", first.span(), Some(list(&was)));
    }
    if !doc.is_empty() {
        add("doc", field, Some(quoted(doc)));
    }
    facts
}

/// Words as the lock lists them.
pub(super) fn list(words: &[String]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| quoted(word)).collect();
    format!("[{}]", quoted.join(", "))
}

fn flag() -> Option<String> {
    Some("true".to_owned())
}

fn text(tokens: &TokenStream) -> Option<String> {
    let text = syn::parse2::<LitStr>(tokens.clone()).ok()?;
    Some(quoted(&text.value()))
}

fn whole(tokens: &TokenStream) -> Option<String> {
    match number(tokens)? {
        Number::Int(number) => Some(number.to_string()),
        Number::Float(_) => None,
    }
}

/// A literal as a value of the field.
fn literal(shape: Shape, tokens: &TokenStream) -> Option<String> {
    match shape {
        Shape::Int => whole(tokens),
        Shape::Float => number(tokens).map(|number| format!("{:?}", number.as_float())),
        Shape::Text => text(tokens),
        Shape::Bool => match syn::parse2(tokens.clone()).ok()? {
            Lit::Bool(value) => Some(value.value.to_string()),
            _ => None,
        },
        Shape::Reference | Shape::References | Shape::Other => None,
    }
}

fn default_of(shape: Shape) -> Option<String> {
    let text = match shape {
        Shape::Int => "0",
        Shape::Float => "0.0",
        Shape::Text => "\"\"",
        Shape::Bool => "false",
        Shape::Reference | Shape::References | Shape::Other => return None,
    };
    Some(text.to_owned())
}
