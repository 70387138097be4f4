//! The keys of handlers that handle each input once, whatever becomes of the process.

use quote::quote;
use syn::LitStr;

use super::keys::Options;
use crate::common::{Arg, Faults, Form, Given, Key, did_you_mean, list, string};

pub(super) const DURABLE: Key<Options> = Key::new("durable", Form::Value("\"name\""), named);
pub(super) const PERSISTENT: Key<Options> = Key::new("persistent", Form::Value("\"name\""), named);
pub(super) const CATCH_UP: Key<Options> = Key::new(
    "catch_up",
    Form::Value("\"once\""),
    |options, arg, faults| {
        let Given::Value(value) = arg.given else {
            return;
        };
        let Some(word) = faults.keep(string(value, "catch_up = \"once\"")) else {
            return;
        };
        let qlib = &options.qlib;
        let policy = match word.value().as_str() {
            "skip" => quote!(#qlib::CatchUp::Skip),
            "once" => quote!(#qlib::CatchUp::Once),
            "all" => quote!(#qlib::CatchUp::All),
            other => {
                let words = ["skip", "once", "all"];
                let (close, words) = (did_you_mean(other, words), list(words));
                let message = format!("`{other}` is no way to catch up; expected {words}{close}");
                return faults.on(word, message);
            }
        };
        options.call(arg.key, policy);
    },
);

/// Keys that a cursor has no room for, and why.
const UNFIT: [(&str, &str); 5] = [
    (
        "keyed",
        "`keyed` goes on with other entities while one fails, which the one cursor of `durable` cannot tell; leave one of them out",
    ),
    (
        "latest",
        "`latest` skips changes, `durable` handles each; leave one of them out",
    ),
    (
        "initial",
        "`initial` delivers what exists at each start, `durable` what has changed since the last one; leave one of them out",
    ),
    (
        "min_interval",
        "`min_interval` holds changes back, which would end with the process; leave it or `durable` out",
    ),
    (
        "deadband",
        "`deadband` holds changes back, which would end with the process; leave it or `durable` out",
    ),
];

/// Reads the name of a cursor.
fn named(options: &mut Options, arg: Arg, faults: &mut Faults) {
    let Given::Value(value) = arg.given else {
        return;
    };
    let example = format!("{} = \"name\"", arg.key);
    let Some(name) = faults.keep(string(value, &example)) else {
        return;
    };
    let text = name.value();
    if text.trim().is_empty() {
        let message =
            "the name is empty; write one that stays the same as long as the handler is the same";
        return faults.on(name, message);
    }
    if text.contains('/') || text.chars().any(char::is_control) {
        return faults.on(
            name,
            "the name of a cursor has no `/` and no control characters",
        );
    }
    options.call(arg.key, quote!(#name));
    options.cursor = Some(name);
}

/// Notes what contradicts a cursor, or lacks one.
pub(super) fn check(options: &Options, faults: &mut Faults) {
    let given = |name: &str| options.calls.iter().find(|call| call.method == name);
    if given("durable").is_some() {
        for (name, why) in UNFIT {
            if let Some(call) = given(name) {
                faults.at(call.method.span(), why);
            }
        }
    }
    if let (Some(call), None) = (given("catch_up"), &options.cursor) {
        faults.at(
            call.method.span(),
            "`catch_up` is about ticks that were missed while the process was down; add `persistent = \"name\"`",
        );
    }
}

/// Handlers whose cursors have the same name.
pub(crate) fn twice<'a>(cursors: impl Iterator<Item = &'a LitStr>, faults: &mut Faults) {
    let mut seen: Vec<String> = Vec::new();
    for cursor in cursors {
        let name = cursor.value();
        if seen.contains(&name) {
            let message = format!("another handler has the cursor {name:?}; choose another name");
            faults.on(cursor, message);
        }
        seen.push(name);
    }
}
