//! What a struct whose values are entities is.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident};
use syn::{LitStr, Path, Type, Visibility};

use super::lock::Fact;
use crate::common::Library;

/// The struct.
pub(crate) struct Entity {
    /// Where qlib is.
    pub(crate) qlib: Library,
    /// Who sees it.
    pub(crate) visibility: Visibility,
    /// The struct's name.
    pub(crate) ident: Ident,
    /// The name of the type.
    pub(crate) name: String,
    /// What the type was called before.
    pub(crate) was: Vec<LitStr>,
    /// What it is, for people.
    pub(crate) doc: String,
    /// The entity that it extends.
    pub(crate) base: Option<Path>,
    /// Its own fields.
    pub(crate) fields: Vec<Field>,
    /// Its crate's lock says nothing of it.
    pub(crate) unlocked: bool,
    /// No field was left out because of a mistake.
    pub(crate) complete: bool,
}

/// A field.
pub(crate) struct Field {
    /// Who sees it.
    pub(crate) visibility: Visibility,
    /// Its name in Rust.
    pub(crate) ident: Ident,
    /// The name of its typed handle.
    pub(crate) handle: Ident,
    /// What it is, for people.
    pub(crate) doc: String,
    /// Its type.
    pub(crate) kind: Type,
    /// Its type without `Option`.
    pub(crate) inner: Type,
    /// Its type is an `Option`.
    pub(crate) optional: bool,
    /// It has a default.
    pub(crate) default: bool,
    /// What its attributes say, in the words of the lock.
    pub(crate) facts: Vec<Fact>,
    /// What it may hold, as calls on its definition, in the order in which they were written.
    pub(crate) constraints: Vec<Constraint>,
    /// What it was called before.
    pub(crate) was: Vec<LitStr>,
    /// The function that checks its values.
    pub(crate) validate: Option<TokenStream>,
    /// The function that makes its values of those that it held before.
    pub(crate) convert: Option<TokenStream>,
}

/// A call on the definition of a field.
pub(crate) struct Constraint {
    /// The method: the key as it was written.
    pub(crate) method: Ident,
    /// Its argument.
    pub(crate) argument: TokenStream,
}

impl Entity {
    /// The struct of typed handles.
    pub(crate) fn handles(&self) -> Ident {
        format_ident!("{}Fields", self.ident, span = Span::call_site())
    }

    /// The builder of new entities.
    pub(crate) fn builder(&self) -> Ident {
        format_ident!("{}Builder", self.ident, span = Span::call_site())
    }

    /// The entity bound to a store.
    pub(crate) fn bound(&self) -> Ident {
        format_ident!("{}Entity", self.ident, span = Span::call_site())
    }

    /// The fields that a new entity must be given.
    pub(crate) fn required(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.required())
    }
}

impl Field {
    /// A new entity must be given a value.
    pub(crate) fn required(&self) -> bool {
        !self.optional && !self.default
    }

    /// The place of the field's type.
    pub(crate) fn place(&self) -> Span {
        let first = self.kind.to_token_stream().into_iter().next();
        first.map_or_else(Span::call_site, |token| token.span())
    }

    /// The name of the field in stored values and on the wire.
    pub(crate) fn name(&self) -> String {
        plain(&self.handle)
    }

    /// The field's name in Rust, without `r#`.
    pub(crate) fn rust_name(&self) -> String {
        plain(&self.ident)
    }
}

/// A name without `r#`.
pub(crate) fn plain(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map_or(text.clone(), str::to_owned)
}
