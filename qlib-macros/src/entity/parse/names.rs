//! The names of fields.

use proc_macro2::TokenStream;
use syn::LitStr;

use crate::common::{Faults, string};
use crate::entity::model::Field;

/// The fields that every entity has.
const SYSTEM_FIELDS: [&str; 4] = ["Name", "Description", "Parent", "Children"];

/// Names of methods that every bound entity has.
const METHODS: [&str; 2] = ["commit", "id"];

/// Says what is wrong with a name that is written on the wire and in attributes.
pub(crate) fn check(name: &str) -> Result<(), String> {
    let mut letters = name.chars();
    let starts = letters.next().is_some_and(|first| first.is_alphabetic());
    if !starts || !letters.all(|letter| letter.is_alphanumeric() || letter == '_') {
        return Err(format!(
            "{name:?} cannot be written in `Entity.Field`; use letters, digits and `_`, a letter first"
        ));
    }
    if syn::parse_str::<syn::Ident>(name).is_err() {
        return Err(format!("{name:?} is a word of Rust; use another name"));
    }
    if name.len() > 255 {
        return Err("a name has at most 255 bytes".to_owned());
    }
    Ok(())
}

/// A name that something had before.
pub(crate) fn was(tokens: TokenStream, faults: &mut Faults) -> Option<LitStr> {
    let name = faults.keep(string(tokens, "was = \"OldName\""))?;
    match check(&name.value()) {
        Ok(()) => Some(name),
        Err(fault) => {
            faults.at(name.span(), fault);
            None
        }
    }
}

/// Notes names that fields had before and that a field has now: nothing says what was renamed.
pub(crate) fn renames(fields: &[Field], faults: &mut Faults) {
    let mut known: Vec<(String, &Field)> = Vec::new();
    for (field, was) in fields
        .iter()
        .flat_map(|field| field.was.iter().map(move |was| (field, was)))
    {
        if let Some((_, other)) = known.iter().find(|(name, _)| *name == was.value()) {
            let (name, other) = (field.rust_name(), other.rust_name());
            let message =
                format!("`{name}` and `{other}` cannot both have been that; leave one out");
            faults.at(was.span(), message);
        }
        known.push((was.value(), field));
        if let Some(other) = fields.iter().find(|other| other.name() == was.value()) {
            let message = format!(
                "the field `{}` is called that now, so nothing was renamed; leave `was` out",
                other.rust_name()
            );
            faults.at(was.span(), message);
        }
    }
}

/// The fields without those whose names are taken.
pub(crate) fn distinct(fields: Vec<Field>, extends: bool, faults: &mut Faults) -> Vec<Field> {
    let mut distinct: Vec<Field> = Vec::new();
    for field in fields {
        match taken(&field, &distinct, extends) {
            Some(fault) => faults.at(field.ident.span(), fault),
            None => distinct.push(field),
        }
    }
    distinct
}

fn taken(field: &Field, others: &[Field], extends: bool) -> Option<String> {
    let (name, ident) = (field.name(), field.rust_name());
    if SYSTEM_FIELDS.contains(&name.as_str()) {
        return Some(format!(
            "every entity has `{name}`; leave this field out, or give it another name with `#[field(rename = \"…\")]`"
        ));
    }
    if let Some(other) = others.iter().find(|other| other.name() == name) {
        let other = other.rust_name();
        return Some(format!(
            "the field `{other}` is called `{name}` already; give one of the two another name with `#[field(rename = \"…\")]`"
        ));
    }
    if METHODS.contains(&ident.as_str()) {
        return Some(format!(
            "every entity has a method `{ident}`; call the field something else, and keep its name in the store with `#[field(rename = \"{name}\")]`"
        ));
    }
    if extends && ident == "base" {
        return Some(
            "the builder has a method `base` for the fields of the entity that this one extends; call the field something else"
                .to_owned(),
        );
    }
    let clash = others.iter().map(Field::rust_name).find(|other| {
        ident.strip_prefix("set_") == Some(other.as_str())
            || other.strip_prefix("set_") == Some(ident.as_str())
    });
    clash.map(|other| {
        format!("`{ident}` and `{other}` clash: one reads as the setter of the other; call one of them something else")
    })
}
