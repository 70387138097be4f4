//! Reads the test.

use proc_macro2::TokenStream;
use syn::Path;
use syn::parse::{ParseStream, Parser};

use super::model::{Case, Plan};
use crate::common::{
    Arg, Attribute, Faults, Form, Function, Given, Key, Keys, split_list, take_library,
};

const KEYS: Keys<Plan> = Keys {
    of: "`#[qlib::test]`",
    keys: &[
        Key::new("workers", Form::List("Monitor"), |plan, arg, faults| {
            let Given::List(list, _) = arg.given else {
                return;
            };
            for part in split_list(list, faults) {
                let path = Path::parse_mod_style.parse2(part.clone()).map_err(|_| {
                    syn::Error::new_spanned(
                        part,
                        "expected the name of a worker, or of a function that is one",
                    )
                });
                plan.workers.extend(faults.keep(path));
            }
        }),
        Key::new("preload", Form::Value("path"), |plan, arg, faults| {
            plan.preload = path(arg, faults)
        }),
        Key::new("setup", Form::Value("path"), |plan, arg, faults| {
            plan.setup = path(arg, faults)
        }),
        Key::new("store", Form::Value("path"), |plan, arg, faults| {
            plan.store = path(arg, faults)
        }),
        Key::new("crate", Form::Value("path"), |plan, arg, faults| {
            plan.qlib.take(arg, faults)
        }),
    ],
};

fn path(arg: Arg, faults: &mut Faults) -> Option<Path> {
    let Given::Value(value) = arg.given else {
        return None;
    };
    let key = arg.key;
    faults.keep(syn::parse2(value).map_err(|_| {
        syn::Error::new(
            key.span(),
            format!("`{key}` names a function; write `{key} = path::of_function`"),
        )
    }))
}

/// Gives the item as it was, and the test if there is nothing wrong with it.
pub(crate) fn parse(
    args: TokenStream,
    item: TokenStream,
    faults: &mut Faults,
) -> (TokenStream, Option<Case>) {
    let read = |input: ParseStream<'_>| {
        let attributes = Attribute::parse_all(input)?;
        match Function::peek(input) {
            true => Function::parse(attributes, input),
            false => Err(input.error("`#[qlib::test]` stands on an `async fn`")),
        }
    };
    let Some(mut function) = faults.keep(read.parse2(item.clone())) else {
        return (item, None);
    };
    let mut plan = Plan::default();
    KEYS.read(args, &mut plan, faults);
    plan.qlib
        .read(take_library(&mut function.attributes, faults), faults);
    check(&function, faults);
    let sound = faults.is_empty();
    (item, sound.then_some(Case { plan, function }))
}

fn check(function: &Function, faults: &mut Faults) {
    let name = &function.name;
    if function.asynchronous.is_none() {
        faults.at(
            name.span(),
            format!("a test of an application is async; write `async fn {name}`"),
        );
    }
    if let Some(generic) = &function.generic {
        faults.at(generic.span(), "a test has no type parameters");
    }
    if let Some(receiver) = &function.receiver {
        faults.on(
            &receiver.tokens,
            "a test is a function of its own, no method",
        );
    }
    if let Some(second) = function.params.get(1) {
        faults.on(
            &second.kind,
            "a test takes one argument; write `app: TestApp`",
        );
    }
    for attribute in &function.attributes {
        if attribute.path.is_ident("test") {
            faults.at(
                attribute.span(),
                "`#[qlib::test]` makes this a test already; leave this one out",
            );
        }
    }
}
