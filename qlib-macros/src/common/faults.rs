//! The mistakes of one item, gathered so that a user sees all of them at once.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Faults(Option<syn::Error>);

impl Faults {
    /// Notes a mistake at a place.
    pub(crate) fn at(&mut self, place: Span, message: impl Display) {
        self.add(syn::Error::new(place, message));
    }

    /// Notes a mistake that spans some tokens.
    pub(crate) fn on(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.add(syn::Error::new_spanned(tokens, message));
    }

    /// Notes a mistake that something else found.
    pub(crate) fn add(&mut self, fault: syn::Error) {
        match &mut self.0 {
            Some(first) => first.combine(fault),
            None => self.0 = Some(fault),
        }
    }

    /// Notes the mistakes of a part.
    pub(crate) fn append(&mut self, other: Self) {
        if let Some(fault) = other.0 {
            self.add(fault);
        }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The value, if there is one; else notes the mistake.
    pub(crate) fn keep<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|fault| self.add(fault)).ok()
    }

    /// The mistakes as errors of the compiler; nothing if there are none.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.0
            .map(|fault| fault.into_compile_error())
            .unwrap_or_default()
    }
}
