//! `#[derive(Entity)]`: a struct whose values are entities.

mod expand;
mod lock;
mod model;
mod parse;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;

use crate::common::Faults;
pub(crate) use lock::Lock;

/// Expands the derive in a crate that has this lock.
pub(crate) fn derive(input: TokenStream, lock: &Lock) -> TokenStream {
    let mut faults = Faults::default();
    let Some(entity) = parse::parse(input, &mut faults) else {
        return faults.into_tokens();
    };
    // What is wrong by itself is not compared.
    let locked = match faults.is_empty() {
        true => lock.of(&entity, &mut faults),
        false => None,
    };
    let mut tokens = expand::expand(&entity, locked.as_ref());
    tokens.extend(lock.watch(&entity.qlib));
    tokens.extend(faults.into_tokens());
    tokens
}
