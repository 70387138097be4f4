//! The arguments of an attribute: `key`, `key = value`, `key(list)`.

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};

use crate::common::{Faults, split_list};

/// One argument.
pub(crate) struct Arg {
    /// The key.
    pub(crate) key: Ident,
    /// What is given to it.
    pub(crate) given: Given,
}

/// What is given to a key.
pub(crate) enum Given {
    /// `key`
    Nothing,
    /// `key = value`
    Value(TokenStream),
    /// `key(list)`
    List(TokenStream, Span),
}

/// Cuts the arguments of an attribute at its commas and notes those that begin with no key, with
/// what was expected.
pub(crate) fn split_args(tokens: TokenStream, expected: &str, faults: &mut Faults) -> Vec<Arg> {
    split_list(tokens, faults)
        .into_iter()
        .filter_map(|part| faults.keep(arg(part, expected)))
        .collect()
}

fn arg(part: TokenStream, expected: &str) -> syn::Result<Arg> {
    let mut tokens = part.clone().into_iter();
    let key = match tokens.next() {
        Some(TokenTree::Ident(key)) => key,
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::None => {
            let tokens = group.stream().into_iter().chain(tokens);
            return arg(tokens.collect(), expected);
        }
        other => {
            let place = other.map_or_else(Span::call_site, |other| other.span());
            return Err(syn::Error::new(place, format!("expected {expected}")));
        }
    };
    let given = match tokens.next() {
        None => Given::Nothing,
        Some(TokenTree::Punct(sign)) if sign.as_char() == '=' => {
            let value: TokenStream = tokens.by_ref().collect();
            if value.is_empty() {
                let message = format!("`{key} =` lacks its value");
                return Err(syn::Error::new(sign.span(), message));
            }
            Given::Value(value)
        }
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
            Given::List(group.stream(), group.span())
        }
        Some(TokenTree::Punct(dot)) if dot.as_char() == '.' => {
            return Err(syn::Error::new_spanned(
                part,
                format!("expected {expected}"),
            ));
        }
        Some(other) => {
            let message = format!("expected `,`, `=` or `(` after `{key}`");
            return Err(syn::Error::new(other.span(), message));
        }
    };
    match tokens.next() {
        None => Ok(Arg { key, given }),
        Some(rest) => Err(syn::Error::new(
            rest.span(),
            format!("expected a comma after `{key}(…)`"),
        )),
    }
}
