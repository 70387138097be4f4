//! The schema lock: a file that says what the types of a crate are, and refuses those that disagree.

mod compare;
mod facts;
mod find;
mod text;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use proc_macro2::TokenStream;
use quote::quote;

use super::model::Entity;
use crate::common::{Faults, Library};

pub(crate) use facts::{Fact, facts};
use text::{LockFile, Section, heading};

/// The lock of a crate, if it has one.
#[derive(Default)]
pub(crate) struct Lock {
    /// Files that say so, which the compiler is to watch.
    watched: Vec<PathBuf>,
    file: Option<Result<LockFile, String>>,
}

/// What the lock says of one entity.
pub(crate) struct Locked<'a> {
    pub(super) file: &'a LockFile,
    /// What it says of the type itself.
    section: &'a Section,
}

impl Lock {
    /// What the lock says of an entity. Notes where the two disagree, as far as tokens show it.
    pub(crate) fn of(&self, entity: &Entity, faults: &mut Faults) -> Option<Locked<'_>> {
        if entity.unlocked {
            return None;
        }
        let file = match self.file.as_ref()? {
            Ok(file) => file,
            Err(fault) => {
                faults.at(entity.ident.span(), fault);
                return None;
            }
        };
        let name = &entity.name;
        let Some(section) = file.section(&heading(name, None)) else {
            let message = format!(
                "{} does not have the type `{name}`; if it is new, run {}; if only tests declare it, write `#[entity(unlocked)]`",
                file.name,
                file.command()
            );
            faults.at(entity.ident.span(), message);
            return None;
        };
        let locked = Locked { file, section };
        compare::compare(&locked, entity, faults);
        Some(locked)
    }

    /// Names what decides, so that the compiler looks again when it changes.
    pub(crate) fn watch(&self, qlib: &Library) -> TokenStream {
        let files = self.watched.iter().filter_map(|path| path.to_str());
        let variable = find::VARIABLE;
        let named = !self.watched.is_empty();
        let off = named
            .then(|| quote!(const _: #qlib::Option<&'static str> = #qlib::option_env!(#variable);));
        quote!(#off #(const _: &[u8] = #qlib::include_bytes!(#files);)*)
    }
}

impl Locked<'_> {
    /// What the lock says of a field.
    pub(super) fn field(&self, entity: &Entity, field: &str) -> Option<&Section> {
        self.file.section(&heading(&entity.name, Some(field)))
    }

    /// The text of the type and its fields.
    pub(super) fn text(&self, entity: &Entity) -> String {
        self.file.text(&entity.name)
    }

    /// What the type extends, as the lock says it.
    pub(super) fn base(&self) -> Option<String> {
        text::words(self.section.get("extends")?)
    }

    /// What to say where the two disagree.
    pub(super) fn fault(&self, what: &str, says: &str) -> String {
        let (name, command) = (&self.file.name, self.file.command());
        format!("{name} says that `{what}` {says}; if this is meant, run {command}")
    }
}
