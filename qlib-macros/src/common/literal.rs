//! Literals whose value a macro looks at.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::spanned::Spanned;
use syn::{Lit, LitStr};

use crate::common::{Faults, Library};

/// The text of a string literal.
pub(crate) fn string(tokens: TokenStream, example: &str) -> syn::Result<LitStr> {
    syn::parse2::<LitStr>(tokens.clone()).map_err(|_| {
        syn::Error::new_spanned(
            tokens,
            format!("expected a text in quotes, as in `{example}`"),
        )
    })
}

/// A number as it is written.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Number {
    /// Without a point.
    Int(i128),
    /// With a point or an exponent.
    Float(f64),
}

impl Number {
    /// The number as a float, near enough to compare.
    pub(crate) fn as_float(self) -> f64 {
        match self {
            Self::Int(number) => number as f64,
            Self::Float(number) => number,
        }
    }
}

/// The number, if the tokens are a literal of one; anything else is for the compiler.
pub(crate) fn number(tokens: &TokenStream) -> Option<Number> {
    match syn::parse2::<Lit>(tokens.clone()).ok()? {
        Lit::Int(number) if matches!(number.suffix(), "f64" | "f32") => {
            number.base10_parse().ok().map(Number::Float)
        }
        Lit::Int(number) => number.base10_parse().ok().map(Number::Int),
        Lit::Float(number) => number.base10_parse().ok().map(Number::Float),
        _ => None,
    }
}

/// How far a value must move, as the value of `deadband`. The compiler says where a field that holds
/// no number has one.
pub(crate) fn distance(
    value: &TokenStream,
    qlib: &Library,
    faults: &mut Faults,
) -> Option<TokenStream> {
    if number(value).is_some_and(|number| number.as_float() <= 0.0) {
        faults.on(
            value,
            "a deadband is above zero; write how far a value must move, as in `deadband = 0.5`",
        );
        return None;
    }
    let place = value.span();
    let qlib = qlib.at(place);
    Some(quote_spanned!(place=> #qlib::Distance::new(#value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_with_their_sign() {
        let read = |text: &str| number(&text.parse().unwrap());
        assert_eq!(read("-40.0"), Some(Number::Float(-40.0)));
        assert_eq!(read("1_000"), Some(Number::Int(1000)));
        assert_eq!(read("MAX"), None);
        assert_eq!(read("1 + 1"), None);
    }
}
