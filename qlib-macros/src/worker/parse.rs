//! Reads the block, takes our attributes out of it, and gathers what is wrong.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::Path;
use syn::parse::Parser;

use super::model::{Maker, Worker};
use crate::common::{
    Attribute, Faults, Form, Function, Given, Implementation, Key, Keys, Library, Member, string,
    take_library,
};
use crate::handler::{self, Event, Handler, Place};

/// What `#[worker(…)]` says.
#[derive(Default)]
struct Options {
    leader: Option<Ident>,
    after: Vec<Path>,
    name: Option<String>,
    qlib: Library,
}

const KEYS: Keys<Options> = Keys {
    of: "`#[worker]`",
    keys: &[
        Key::new("leader", Form::Flag, |options, arg, _| {
            options.leader = Some(arg.key)
        }),
        Key::new(
            "after",
            Form::Values("OtherWorker"),
            |options, arg, faults| {
                if let Given::Value(value) = arg.given {
                    let key = arg.key.span();
                    let path = Path::parse_mod_style.parse2(value).map_err(|_| {
                        syn::Error::new(
                            key,
                            "`after` names one worker; write `after = OtherWorker`, once for each",
                        )
                    });
                    options.after.extend(faults.keep(path));
                }
            },
        ),
        Key::new("name", Form::Value("\"Name\""), |options, arg, faults| {
            if let Given::Value(value) = arg.given {
                let Some(name) = faults.keep(string(value, "name = \"Name\"")) else {
                    return;
                };
                if name.value().trim().is_empty() {
                    faults.at(
                        name.span(),
                        "the name is empty; write one, or leave `name` out",
                    );
                }
                options.name = Some(name.value());
            }
        }),
        Key::new("crate", Form::Value("path"), |options, arg, faults| {
            options.qlib.take(arg, faults)
        }),
    ],
};

/// Gives the block without our attributes, and the worker if there is one.
pub(crate) fn parse(
    args: TokenStream,
    item: TokenStream,
    faults: &mut Faults,
) -> (TokenStream, Option<Worker>) {
    let mut block: Implementation = match syn::parse2(item.clone()) {
        Ok(block) => block,
        Err(fault) => {
            faults.add(fault);
            return (item, None);
        }
    };
    let mut options = Options::default();
    KEYS.read(args, &mut options, faults);
    options
        .qlib
        .read(take_library(&mut block.attributes, faults), faults);
    let place = Place::Worker {
        leads: options.leader.is_some(),
    };
    let subject = block.subject.to_token_stream().to_string();
    for other in &options.after {
        if other.to_token_stream().to_string() == subject {
            faults.on(
                other,
                "a worker does not start after itself; name another one",
            );
        }
    }
    let mut handlers = Vec::new();
    let mut makers = Vec::new();
    for member in &mut block.members {
        match member {
            Member::Function(function) => {
                let (events, kept) = events(std::mem::take(&mut function.attributes), faults);
                function.attributes = kept;
                let read = handler(events, function, place, &mut options.qlib, faults);
                handlers.extend(read);
                makers.extend(maker(function, &subject, faults));
            }
            Member::Other(attributes, _) => {
                let (events, kept) = events(std::mem::take(attributes), faults);
                *attributes = kept;
                for (event, attribute) in events {
                    let name = event.attribute();
                    faults.at(
                        attribute.span(),
                        format!("`#[{name}]` stands on an `async fn`"),
                    );
                }
            }
        }
    }
    once(&handlers, faults);
    let always = handlers
        .iter()
        .filter(|handler| handler.conditions.is_empty());
    handler::twice(always.filter_map(|handler| handler.cursor.as_ref()), faults);
    let worker = check(&block, faults).map(|name| Worker {
        name: options.name.unwrap_or(name),
        qlib: options.qlib,
        subject: block.subject.clone(),
        leader: options.leader,
        after: options.after,
        conditions: block
            .attributes
            .iter()
            .filter(|other| other.is_cfg())
            .cloned()
            .collect(),
        makers,
        handlers,
    });
    (block.to_token_stream(), worker)
}

/// The name of the type, if the block can be that of a worker.
fn check(block: &Implementation, faults: &mut Faults) -> Option<String> {
    if block.implements.is_some() {
        faults.at(
            block.keyword.span,
            "`#[worker]` stands on the type's own `impl` block, not on one of a trait; write `impl Name { … }`",
        );
        return None;
    }
    let name = block
        .name()
        .map(|name| name.to_string().trim_start_matches("r#").to_owned());
    let Some(name) = name else {
        faults.on(
            &block.subject,
            "a worker is a struct or an enum with a name",
        );
        return None;
    };
    let generic = |tokens: TokenStream| tokens.into_iter().any(|token| token.to_string() == "<");
    if !block.generics.is_empty() {
        faults.on(
            &block.generics,
            format!(
                "a worker has no parameters, so that there is one `{name}`; write `impl {name}`"
            ),
        );
        return None;
    }
    if generic(block.subject.to_token_stream()) {
        faults.on(&block.subject, format!("a worker has no parameters, so that there is one `{name}`; wrap it in a struct that has none"));
        return None;
    }
    Some(name)
}

/// Splits attributes into ours and others.
fn events(
    attributes: Vec<Attribute>,
    faults: &mut Faults,
) -> (Vec<(Event, Attribute)>, Vec<Attribute>) {
    let (mut events, mut others) = (Vec::new(), Vec::new());
    for attribute in attributes {
        let names = attribute.conditional_names();
        let ours = |name: &&String| Event::ALL.iter().any(|event| event.attribute() == **name);
        if let Some(name) = names.iter().find(ours) {
            faults.at(
                attribute.span(),
                format!("`#[worker]` does not see through `cfg_attr`; write `#[cfg(…)]` and `#[{name}]` on the method"),
            );
            continue;
        }
        let name = attribute.name();
        match Event::ALL
            .into_iter()
            .find(|event| event.attribute() == name)
        {
            Some(event) if attribute.path.segments.len() <= 2 => events.push((event, attribute)),
            _ => others.push(attribute),
        }
    }
    (events, others)
}

/// Reads a method as a handler, if it is one.
fn handler(
    events: Vec<(Event, Attribute)>,
    function: &Function,
    place: Place,
    qlib: &mut Library,
    faults: &mut Faults,
) -> Option<Handler> {
    let mut events = events.into_iter();
    let (event, attribute) = events.next()?;
    for (_, second) in events {
        faults.at(
            second.span(),
            "a method handles one event; write a method for this one that calls the other",
        );
    }
    let args = faults.keep(attribute.args())?;
    handler::parse(
        (event, args, attribute.span()),
        function,
        place,
        qlib,
        faults,
    )
}

/// `init` and `deinit` exist once.
fn once(handlers: &[Handler], faults: &mut Faults) {
    for event in [Event::Init, Event::Deinit] {
        let same = handlers
            .iter()
            .filter(|handler| handler.event() == Some(event));
        let always = same.filter(|handler| handler.conditions.is_empty());
        for second in always.skip(1) {
            let name = event.attribute();
            faults.at(
                second.name.span(),
                format!("a worker has one `#[{name}]`; call this from the first one"),
            );
        }
    }
}

/// Reads a function `new`, which makes the worker. One that is wrong makes none, and so does nothing
/// else: that would be a second mistake.
fn maker(function: &Function, subject: &str, faults: &mut Faults) -> Option<Maker> {
    if function.name != "new" || function.receiver.is_some() {
        return None;
    }
    let output = function.output.to_string();
    let mut sound = true;
    if let Some(word) = &function.asynchronous {
        faults.at(
            word.span(),
            "`new` of a worker does not wait; do in `#[init]` what waits",
        );
        sound = false;
    } else if output != "Self" && output != subject {
        match output.is_empty() {
            true => faults.at(
                function.name.span(),
                "`new` gives the worker; write `-> Self` behind its arguments",
            ),
            false => faults.on(
                &function.output,
                "`new` gives the worker; write `-> Self`, and do in `#[init]` what can fail",
            ),
        }
        sound = false;
    }
    Some(Maker {
        name: function.name.clone(),
        needs: !sound || !function.params.is_empty(),
        conditions: function
            .attributes
            .iter()
            .filter(|other| other.is_cfg())
            .cloned()
            .collect(),
    })
}
