//! The arguments of a handler: told apart by the last word of their type, all else by name.

use proc_macro2::Ident;
use syn::Type;

use crate::common::{Faults, Function, Param, closest, list};
use crate::handler::model::{Argument, Event, Role};

/// Reads the arguments; those that are wrong are noted and left out.
pub(super) fn parse(
    event: Event,
    function: &Function,
    context: &[Ident],
    leads: bool,
    faults: &mut Faults,
) -> Vec<Argument> {
    let known = Known {
        event,
        context,
        leads: leads || event == Event::Leader,
    };
    let mut arguments: Vec<Argument> = Vec::new();
    for param in function.params.iter().filter(|param| !param.is_generic()) {
        let Some(role) = faults.keep(known.role(param)) else {
            continue;
        };
        if arguments.iter().any(|other| other.role == role) {
            let message = match (event, role) {
                (Event::Signal, Role::Payload) => "a signal carries one value; leave this one out",
                _ => "this argument comes twice; leave one of them out",
            };
            faults.on(&param.kind, message);
        } else {
            arguments.push(Argument {
                role,
                kind: param.kind.clone(),
                place: param.kind_span(),
            });
        }
    }
    arguments
}

/// What may stand among the arguments.
struct Known<'a> {
    event: Event,
    context: &'a [Ident],
    leads: bool,
}

impl Known<'_> {
    fn role(&self, param: &Param) -> syn::Result<Role> {
        let kind = param
            .kind_name()
            .map(ToString::to_string)
            .unwrap_or_default();
        let fault = |message: String| Err(syn::Error::new_spanned(&param.kind, message));
        match kind.as_str() {
            "Cx" if !matches!(param.kind, Type::Reference(_)) => {
                fault("write `cx: &mut Cx`".to_owned())
            }
            "Cx" => Ok(Role::Cx),
            "Leadership" => match self.leadership() {
                Err(message) => fault(message),
                Ok(_) if !is_shared(&param.kind) => {
                    fault("write `leadership: &Leadership`".to_owned())
                }
                Ok(role) => Ok(role),
            },
            _ => match owner(&kind) {
                Some(owner) if owner != self.event => fault(self.misplaced(&kind, owner)),
                Some(_) if matches!(param.kind, Type::Reference(_)) => fault(format!(
                    "a handler owns what comes with the event; write `{kind}` without `&`"
                )),
                Some(_) => Ok(Role::Payload),
                None => self.named(param, &kind),
            },
        }
    }

    fn leadership(&self) -> Result<Role, String> {
        let name = self.event.attribute();
        match self.event {
            Event::Leader => Ok(Role::Payload),
            Event::Init | Event::Deinit => Err(format!(
                "`#[{name}]` runs whoever leads; take `&Leadership` in `#[on_leader]`"
            )),
            _ if self.leads => Ok(Role::Leadership),
            Event::Change | Event::Create | Event::Delete | Event::Move | Event::Signal | Event::Every => {
                Err(format!(
                    "`&Leadership` exists in the leader only; write `#[{name}(…, leader)]`, or `#[worker(leader)]` for the whole worker"
                ))
            }
            _ => Err("`&Leadership` exists in the leader only; write `#[worker(leader)]` for the whole worker".to_owned()),
        }
    }

    fn misplaced(&self, kind: &str, owner: Event) -> String {
        let (owner, name) = (owner.attribute(), self.event.attribute());
        match self.event.payload() {
            Some((argument, own)) => format!(
                "`{kind}` comes with `#[{owner}]`; in `#[{name}]`, write `{argument}: {}`",
                shown(own)
            ),
            None => format!(
                "`{kind}` comes with `#[{owner}]`, nothing comes with `#[{name}]`; leave it out"
            ),
        }
    }

    fn named(&self, param: &Param, kind: &str) -> syn::Result<Role> {
        if self.event == Event::Signal {
            return Ok(Role::Payload);
        }
        let Some(name) = &param.name else {
            let message = format!(
                "an argument that is told apart by its name has one; expected {}",
                self.expected()
            );
            return Err(syn::Error::new_spanned(&param.kind, message));
        };
        let word = name.to_string();
        let word = word.trim_start_matches('_');
        if let Some(position) = self.context.iter().position(|other| other == word) {
            return Ok(Role::Context(position));
        }
        let names: Vec<String> = self.context.iter().map(ToString::to_string).collect();
        let event = self.event.attribute();
        let close = closest(word, names.iter().map(String::as_str));
        if let (None, Some(meant)) = (close, closest(kind, self.kinds())) {
            let message = format!(
                "`{kind}` is nothing that `#[{event}]` gives; expected {}; did you mean `{meant}`?",
                self.expected()
            );
            return Err(syn::Error::new_spanned(&param.kind, message));
        }
        let close = close
            .map(|close| format!("; did you mean `{close}`?"))
            .unwrap_or_default();
        let add = match self.event {
            Event::Change => format!("; or give it a value with `context({word} = …)`"),
            _ => String::new(),
        };
        let hint = if close.is_empty() { add } else { close };
        let message = format!(
            "`#[{event}]` has no argument `{word}`; expected {}{hint}",
            self.expected()
        );
        Err(syn::Error::new(name.span(), message))
    }

    /// The types that tell an argument.
    fn kinds(&self) -> impl Iterator<Item = &'static str> {
        let payload = self.event.payload().map(|(_, kind)| kind);
        payload
            .into_iter()
            .chain(["Cx"])
            .chain(self.leads.then_some("Leadership"))
    }

    fn expected(&self) -> String {
        let payload = self.event.payload().filter(|_| self.event != Event::Leader);
        let payload = payload.map(|(name, kind)| format!("{name}: {}", shown(kind)));
        let mut words: Vec<String> = payload.into_iter().collect();
        words.extend(self.context.iter().map(ToString::to_string));
        words.push("cx: &mut Cx".to_owned());
        words.extend(self.leads.then(|| "leadership: &Leadership".to_owned()));
        list(words.iter().map(String::as_str))
    }
}

/// The event that a type comes with.
fn owner(kind: &str) -> Option<Event> {
    Event::ALL
        .into_iter()
        .find(|event| event.payload().is_some_and(|(_, own)| own == kind))
}

fn shown(kind: &str) -> String {
    match kind {
        "Change" | "Created" | "Deleted" | "Moved" => format!("{kind}<…>"),
        _ => kind.to_owned(),
    }
}

fn is_shared(kind: &Type) -> bool {
    matches!(kind, Type::Reference(reference) if reference.mutability.is_none())
}
