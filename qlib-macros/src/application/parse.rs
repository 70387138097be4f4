//! Reads the arguments of the macro.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::quote;
use syn::parse::Parser;
use syn::{Lit, LitStr, Path};

use super::model::Application;
use crate::common::{Arg, Faults, Form, Given, Key, Keys, split_list};

const KEYS: Keys<Application> = Keys {
    of: "`qlib::main!`",
    keys: &[
        Key::new(
            "setup",
            Form::Value("|app| { … }"),
            |application, arg, faults| {
                if let Given::Value(value) = arg.given {
                    if syn::parse2::<Lit>(value.clone()).is_ok() {
                        faults.on(
                            &value,
                            "`setup` is given the application; write `setup = |app| { … }`, or the name of a function",
                        );
                    }
                    application.setup = Some(value);
                }
            },
        ),
        Key::new("modules", Form::Value("[devices, billing]"), modules),
        Key::new("crate", Form::Value("path"), |application, arg, faults| {
            application.qlib.take(arg, faults);
        }),
    ],
};

/// Reads the name and the keys behind it.
pub(crate) fn parse(input: TokenStream, faults: &mut Faults) -> Application {
    let mut application = Application::default();
    let mut parts = split_list(input, faults).into_iter();
    let Some(first) = parts.next() else {
        faults.at(
            Span::call_site(),
            "an application has a name; write `qlib::main!(\"my-app\")`",
        );
        return application;
    };
    application.name = faults.keep(name(first));
    let mut rest = TokenStream::new();
    for part in parts {
        rest.extend(quote!(#part,));
    }
    KEYS.read(rest, &mut application, faults);
    application
}

fn name(tokens: TokenStream) -> syn::Result<LitStr> {
    let Ok(name) = syn::parse2::<LitStr>(tokens.clone()) else {
        let message =
            "the name of the application comes first, in quotes; write `qlib::main!(\"my-app\")`";
        return Err(syn::Error::new_spanned(tokens, message));
    };
    let text = name.value();
    let fault = if text.trim().is_empty() {
        "the name is empty; write one, as in `qlib::main!(\"my-app\")`"
    } else if text.contains('/') || text.chars().any(char::is_control) {
        "the name is that of an entity, so it has no `/` and no control characters; leave them out"
    } else if text.len() > 255 {
        "the name has more than 255 bytes; write a shorter one"
    } else {
        return Ok(name);
    };
    Err(syn::Error::new(name.span(), fault))
}

fn modules(application: &mut Application, arg: Arg, faults: &mut Faults) {
    let Given::Value(value) = arg.given else {
        return;
    };
    let mut tokens = value.into_iter();
    let list = match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Group(list)), None) if list.delimiter() == Delimiter::Bracket => list,
        _ => {
            faults.at(
                arg.key.span(),
                "`modules` takes a list of crates; write `modules = [devices, billing]`",
            );
            return;
        }
    };
    for part in split_list(list.stream(), faults) {
        let path = Path::parse_mod_style.parse2(part.clone()).map_err(|_| {
            syn::Error::new_spanned(
                part,
                "this names no crate; write its name as in `use`, without quotes",
            )
        });
        application.modules.extend(faults.keep(path));
    }
}
