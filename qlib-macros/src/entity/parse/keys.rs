//! The keys of `#[field(…)]`.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{LitStr, Path};

use super::bounds::{self, Bounds};
use super::names;
use super::policies::{self, Kept};
use crate::common::{
    self, Arg, Faults, Form, Key, Keys, Library, did_you_mean, list, number, string,
};
use crate::entity::model::Constraint;

/// What `#[field(…)]` says.
#[derive(Default)]
pub(crate) struct Given {
    /// Where qlib is.
    pub(super) qlib: Library,
    /// The name on the wire.
    pub(crate) rename: Option<LitStr>,
    /// What it was called before.
    pub(crate) was: Vec<LitStr>,
    /// The default; nothing is that of the type.
    pub(crate) default: Option<(Ident, TokenStream)>,
    /// The range.
    pub(crate) range: Option<Bounds>,
    /// The pattern.
    pub(crate) pattern: Option<LitStr>,
    /// The most characters, bytes or entries.
    pub(crate) max_length: Option<TokenStream>,
    /// `unique`
    pub(crate) unique: Option<Ident>,
    /// The rule for references that would dangle.
    pub(crate) on_delete: Option<LitStr>,
    /// The function that checks values.
    pub(crate) validate: Option<Path>,
    /// The function that makes its values of others.
    pub(crate) convert: Option<Path>,
    /// Who may read the field, and who may write it.
    pub(crate) access: [Option<LitStr>; 2],
    /// Which of its values are kept.
    pub(crate) history: Option<Kept>,
    /// What the definition of the field is told.
    pub(crate) constraints: Vec<Constraint>,
}

impl Given {
    /// Nothing is said yet.
    pub(crate) fn new(qlib: &Library) -> Self {
        Self {
            qlib: qlib.clone(),
            ..Self::default()
        }
    }

    pub(super) fn constrain(&mut self, method: Ident, argument: TokenStream) {
        self.constraints.push(Constraint { method, argument });
    }
}

/// The keys.
pub(crate) const KEYS: Keys<Given> = Keys {
    of: "`#[field]`",
    keys: &[
        Key::new("index", Form::Flag, |given, arg, _| {
            given.constrain(arg.key, TokenStream::new())
        }),
        Key::new("unique", Form::Flag, |given, arg, _| {
            given.unique = Some(arg.key.clone());
            given.constrain(arg.key, TokenStream::new());
        }),
        Key::new("default", Form::FlagOrValue("value"), default),
        Key::new("range", Form::List("0..=100"), range),
        Key::new("pattern", Form::Value("\"[a-z]+\""), pattern),
        Key::new("max_length", Form::Value("64"), max_length),
        Key::new("unit", Form::Value("\"°C\""), pass),
        Key::new("on_delete", Form::Value("\"refuse\""), on_delete),
        Key::new("rename", Form::Value("\"Name\""), |given, arg, faults| {
            given.rename = faults.keep(string(value(arg), "rename = \"Name\""));
        }),
        Key::new("was", Form::Values("\"OldName\""), |given, arg, faults| {
            given.was.extend(names::was(value(arg), faults));
        }),
        Key::new("validate", Form::Value("path"), |given, arg, faults| {
            given.validate = function(arg, faults);
        }),
        Key::new("convert", Form::Value("path"), |given, arg, faults| {
            given.convert = function(arg, faults);
        }),
        Key::new("configuration", Form::Flag, |given, arg, _| {
            given.constrain(arg.key, TokenStream::new());
        }),
        Key::new(
            "access",
            Form::List("write = \"operator\""),
            policies::access,
        ),
        Key::new("history", Form::List("keep = \"30d\""), policies::history),
        Key::new("rank", Form::Value("10"), pass),
    ],
};

/// What was given to a key that takes a value or a list.
pub(super) fn value(arg: Arg) -> TokenStream {
    match arg.given {
        common::Given::Value(tokens) | common::Given::List(tokens, _) => tokens,
        common::Given::Nothing => TokenStream::new(),
    }
}

/// Hands the value on; the compiler checks its type.
fn pass(given: &mut Given, arg: Arg, _: &mut Faults) {
    given.constrain(arg.key.clone(), value(arg));
}

fn function(arg: Arg, faults: &mut Faults) -> Option<Path> {
    let key = arg.key.clone();
    faults.keep(syn::parse2(value(arg)).map_err(|_| {
        let message = format!("`{key}` names a function; write `{key} = path::of_function`");
        syn::Error::new(key.span(), message)
    }))
}

fn default(given: &mut Given, arg: Arg, _: &mut Faults) {
    let key = arg.key.clone();
    let value = value(arg);
    given.default = Some((key.clone(), value.clone()));
    let method = match value.is_empty() {
        true => Ident::new("default_of_type", key.span()),
        false => key,
    };
    given.constrain(method, value);
}

fn range(given: &mut Given, arg: Arg, faults: &mut Faults) {
    let key = arg.key.clone();
    let common::Given::List(tokens, place) = arg.given else {
        return;
    };
    given.range = faults.keep(bounds::parse(tokens.clone(), place));
    if given.range.is_some() {
        given.constrain(key, tokens);
    }
}

fn pattern(given: &mut Given, arg: Arg, faults: &mut Faults) {
    let key = arg.key.clone();
    let Some(text) = faults.keep(string(value(arg), "pattern = \"[a-z]+\"")) else {
        return;
    };
    match bounds::whole(&text.value()) {
        Ok(_) => {
            given.constrain(key, quote!(#text));
            given.pattern = Some(text);
        }
        Err(fault) => {
            let why = fault.to_string();
            let why = why
                .strip_prefix("regex parse error:")
                .unwrap_or(&why)
                .trim();
            faults.at(text.span(), format!("this is no regular expression: {why}"));
        }
    }
}

fn max_length(given: &mut Given, arg: Arg, faults: &mut Faults) {
    let key = arg.key.clone();
    let value = value(arg);
    match number(&value) {
        Some(number) if number.as_float() < 1.0 => faults.on(
            value,
            "nothing is that short; write a length above zero, as in `max_length = 64`",
        ),
        _ => {
            given.max_length = Some(value.clone());
            given.constrain(key, value);
        }
    }
}

fn on_delete(given: &mut Given, arg: Arg, faults: &mut Faults) {
    const RULES: [(&str, &str); 3] = [
        ("refuse", "Refuse"),
        ("unset", "Unset"),
        ("cascade", "Cascade"),
    ];
    let key = arg.key.clone();
    let Some(text) = faults.keep(string(value(arg), "on_delete = \"refuse\"")) else {
        return;
    };
    let rule = text.value();
    let names = || RULES.iter().map(|(name, _)| *name);
    match RULES.iter().find(|(name, _)| *name == rule) {
        Some((_, variant)) => {
            let variant = Ident::new(variant, text.span());
            let qlib = given.qlib.clone();
            given.constrain(key, quote!(#qlib::OnDelete::#variant));
            given.on_delete = Some(text);
        }
        None => {
            let close = did_you_mean(&rule, names());
            faults.at(
                text.span(),
                format!(
                    "{rule:?} is no rule for a deletion; expected one of {}{close}",
                    list(names())
                ),
            );
        }
    }
}
