//! What a handler reacts to: the first argument of its attribute.

use proc_macro2::{Span, TokenStream};
use syn::parse::{ParseStream, Parser};
use syn::{Path, Token};

use super::keys;
use crate::common::{Faults, FieldPath, duration, split_commas, stray_commas};
use crate::handler::model::{Event, Trigger};

/// Splits the arguments of the attribute: what it reacts to, and the keys.
pub(super) fn split(
    event: Event,
    args: TokenStream,
    faults: &mut Faults,
) -> (Option<TokenStream>, TokenStream) {
    if example(event).is_none() {
        return (None, args);
    }
    let mut parts = split_commas(args.clone());
    match parts.first() {
        Some(first) if !keys::is_key(event, first) => {
            let first = parts.remove(0);
            stray_commas(args, faults);
            let mut rest = TokenStream::new();
            for part in parts {
                if event == Event::Change && syn::parse2::<FieldPath>(part.clone()).is_ok() {
                    faults.on(
                        part,
                        "a handler reacts to one field; write a handler for this one that calls the same function",
                    );
                    continue;
                }
                rest.extend(quote::quote!(#part,));
            }
            (Some(first), rest)
        }
        _ => (None, args),
    }
}

/// Reads what a handler reacts to.
pub(super) fn parse(
    event: Event,
    subject: Option<TokenStream>,
    attribute: Span,
    faults: &mut Faults,
) -> Option<Trigger> {
    let Some(example) = example(event) else {
        return Some(match event {
            Event::Init => Trigger::Init,
            Event::Deinit => Trigger::Deinit,
            _ => Trigger::Plain(event),
        });
    };
    let Some(subject) = subject else {
        faults.at(attribute, example.missing(event));
        return None;
    };
    faults.keep(match event {
        Event::Every => every(subject),
        Event::Change => change.parse2(subject).map(Trigger::Change),
        Event::Signal => signal(subject),
        _ => entity(event, subject),
    })
}

/// What the first argument is, and how one looks.
struct Example(&'static str, &'static str);

impl Example {
    fn missing(&self, event: Event) -> String {
        let (Self(what, text), name) = (self, event.attribute());
        format!("`#[{name}]` names {what} first; write `#[{name}({text})]`")
    }
}

fn example(event: Event) -> Option<Example> {
    match event {
        Event::Every => Some(Example("its time", "\"1s\"")),
        Event::Change => Some(Example("a field", "Device.Status")),
        Event::Create | Event::Delete | Event::Move => Some(Example("an entity", "Device")),
        Event::Signal => Some(Example("a signal", "Monitor.overheated")),
        _ => None,
    }
}

fn change(input: ParseStream<'_>) -> syn::Result<FieldPath> {
    let path: FieldPath = input.parse()?;
    if input.is_empty() {
        return Ok(path);
    }
    let (entity, field) = (path.entity_text(), &path.field);
    let message = match input.peek(Token![->]) || input.peek(Token![.]) {
        true => format!(
            "a handler reacts to a field of one entity; write `{entity}.{field}`, and read what it refers to with `context(name = {entity}.{field} -> Other.Field)`"
        ),
        false => format!("expected a comma after `{entity}.{field}`"),
    };
    Err(input.error(message))
}

fn every(subject: TokenStream) -> syn::Result<Trigger> {
    match syn::parse2::<syn::Ident>(subject.clone()) {
        Ok(tick) if tick == "tick" => Ok(Trigger::Tick(tick)),
        Ok(word) => Err(syn::Error::new(
            word.span(),
            format!(
                "`{word}` is no time; write one in quotes, as in \"1s\", or `tick` for the application's own"
            ),
        )),
        Err(_) => duration(subject).map(Trigger::Every),
    }
}

fn entity(event: Event, subject: TokenStream) -> syn::Result<Trigger> {
    let name = event.attribute();
    let path = Path::parse_mod_style.parse2(subject.clone());
    path.map(|path| Trigger::Entity(event, path)).map_err(|_| {
        let message = match syn::parse2::<FieldPath>(subject.clone()) {
            Ok(field) => format!(
                "`#[{name}]` names an entity, no field; write `#[{name}({})]`",
                field.entity_text()
            ),
            Err(_) => format!("expected an entity, as in `#[{name}(Device)]`"),
        };
        syn::Error::new_spanned(subject, message)
    })
}

/// Signals of the system are written as fields of entities are, those of workers as in Rust.
fn signal(subject: TokenStream) -> syn::Result<Trigger> {
    let path: FieldPath = syn::parse2(subject).map_err(|fault| {
        let message = "expected a signal of a worker or of the system, as in `Monitor.overheated` or `App.Connected`";
        syn::Error::new(fault.span(), message)
    })?;
    Ok(
        match path.field.to_string().starts_with(char::is_uppercase) {
            true => Trigger::SystemSignal(path),
            false => Trigger::Signal(path),
        },
    )
}
