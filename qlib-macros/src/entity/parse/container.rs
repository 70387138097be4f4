//! What is said of the struct as a whole.

use syn::parse::Parser;
use syn::{DeriveInput, Path};

use super::names;
use crate::common::{Faults, Form, Given, Key, Keys, Library, args_of, misplaced, string};
use crate::entity::model::plain;

/// What `#[entity(…)]` says.
pub(crate) struct Container {
    /// The name of the type.
    pub(crate) name: String,
    /// What the type was called before.
    pub(crate) was: Vec<syn::LitStr>,
    /// The entity that it extends.
    pub(crate) base: Option<Path>,
    /// The lock says nothing of it.
    pub(crate) unlocked: bool,
    renamed: Option<syn::LitStr>,
}

const KEYS: Keys<Container> = Keys {
    of: "`#[entity]`",
    keys: &[
        Key::new("extends", Form::Value("Base"), |container, arg, faults| {
            if let Given::Value(value) = arg.given {
                let base = Path::parse_mod_style.parse2(value.clone()).map_err(|_| {
                    let message =
                        "`extends` names one entity; write `extends = Base`, without quotes";
                    syn::Error::new_spanned(value, message)
                });
                container.base = faults.keep(base);
            }
        }),
        Key::new(
            "rename",
            Form::Value("\"Name\""),
            |container, arg, faults| {
                if let Given::Value(value) = arg.given {
                    container.renamed = faults.keep(string(value, "rename = \"Name\""));
                }
            },
        ),
        Key::new(
            "was",
            Form::Values("\"OldName\""),
            |container, arg, faults| {
                if let Given::Value(value) = arg.given {
                    container.was.extend(names::was(value, faults));
                }
            },
        ),
        // Types that only tests declare stay out of the schema lock.
        Key::new("unlocked", Form::Flag, |container, _, _| {
            container.unlocked = true;
        }),
    ],
};

/// Types that the store has already.
const SYSTEM_TYPES: [&str; 3] = ["Root", "Service", "DeadLetter"];

/// Reads `#[entity(…)]`.
pub(crate) fn parse(input: &DeriveInput, qlib: &Library, faults: &mut Faults) -> Container {
    let mut container = Container {
        name: plain(&input.ident),
        was: Vec::new(),
        base: None,
        unlocked: false,
        renamed: None,
    };
    misplaced(
        &input.attrs,
        "field",
        "`#[field]` stands on a field; the attribute of the struct is `#[entity]`",
        faults,
    );
    KEYS.read_all(
        args_of(&input.attrs, "entity", faults),
        &mut container,
        faults,
    );
    let mut place = input.ident.span();
    if let Some(renamed) = &container.renamed {
        place = renamed.span();
        container.name = renamed.value();
        if let Err(fault) = names::check(&container.name) {
            faults.at(place, fault);
        }
    }
    for was in &container.was {
        if SYSTEM_TYPES.contains(&was.value().as_str()) || was.value() == container.name {
            faults.at(
                was.span(),
                "no type of yours was called that before; write the name that it had, or leave `was` out",
            );
        }
    }
    let name = &container.name;
    if SYSTEM_TYPES.contains(&name.as_str()) && !qlib.is_own() {
        faults.at(
            place,
            format!("the type `{name}` is qlib's own; call yours something else, or give it another name in the store with `#[entity(rename = \"…\")]`"),
        );
    }
    if container
        .base
        .as_ref()
        .is_some_and(|base| base.is_ident(&input.ident))
    {
        faults.on(
            &container.base,
            format!("`{name}` cannot extend itself; name another entity"),
        );
        container.base = None;
    }
    container
}
