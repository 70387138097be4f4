//! Reads the enum.

use proc_macro2::TokenStream;
use syn::{Data, DeriveInput, Fields};

use super::model::{Choice, Variant};
use crate::common::{Faults, Form, Given, Key, Keys, Library, args_of, misplaced, string};

const KEYS: Keys<Option<String>> = Keys {
    of: "`#[choice]`",
    keys: &[Key::new(
        "rename",
        Form::Value("\"Name\""),
        |name, arg, faults| {
            if let Given::Value(value) = arg.given {
                let Some(text) = faults.keep(string(value, "rename = \"Name\"")) else {
                    return;
                };
                if text.value().trim().is_empty() {
                    faults.at(
                        text.span(),
                        "the name is empty; write one, or leave `rename` out",
                    );
                } else if text.value().contains(char::is_control) {
                    faults.at(
                        text.span(),
                        "a name has no control characters; leave them out",
                    );
                }
                *name = Some(text.value());
            }
        },
    )],
};

/// Reads the enum and notes what is wrong with it.
pub(crate) fn parse(input: TokenStream, faults: &mut Faults) -> Option<Choice> {
    let input: DeriveInput = faults.keep(syn::parse2(input))?;
    let mut qlib = Library::default();
    qlib.read(args_of(&input.attrs, "qlib", faults), faults);
    misplaced(
        &input.attrs,
        "choice",
        "`#[choice]` stands on a variant",
        faults,
    );
    if let Some(generic) = input.generics.params.first() {
        faults.on(
            generic,
            "a Choice has no parameters: its variants hold no data",
        );
        return None;
    }
    let Data::Enum(data) = input.data else {
        faults.at(
            input.ident.span(),
            "a Choice is an enum without data; for a struct, write `#[derive(Entity)]`",
        );
        return None;
    };
    if data.variants.is_empty() {
        let name = &input.ident;
        faults.at(
            name.span(),
            format!("`{name}` has no variants; a Choice needs at least one"),
        );
        return None;
    }
    let mut variants: Vec<Variant> = Vec::new();
    let mut complete = true;
    for variant in data.variants {
        let ident = variant.ident;
        if !matches!(variant.fields, Fields::Unit) {
            let message = format!("a variant of a Choice holds no data; write `{ident}`");
            faults.on(&variant.fields, message);
            complete = false;
            continue;
        }
        let mut name = None;
        KEYS.read_all(args_of(&variant.attrs, "choice", faults), &mut name, faults);
        let name = name.unwrap_or_else(|| ident.to_string().trim_start_matches("r#").to_owned());
        if let Some(first) = variants.iter().find(|first| first.name == name) {
            let first = &first.ident;
            faults.at(
                ident.span(),
                format!("`{first}` is called {name:?} already; give one of the two another name with `#[choice(rename = \"…\")]`"),
            );
        }
        variants.push(Variant { ident, name });
    }
    Some(Choice {
        qlib,
        ident: input.ident,
        variants,
        complete,
    })
}
