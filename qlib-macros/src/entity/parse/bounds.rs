//! What literals alone show: ranges, defaults, lengths, patterns that exclude each other.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use regex_lite::Regex;
use syn::LitStr;

use super::keys::Given;
use super::kinds::{Kind, Shape};
use crate::common::{Faults, Number, number};

/// A range as it was written.
pub(crate) struct Bounds {
    tokens: TokenStream,
    low: Option<(TokenStream, Number)>,
    high: Option<(TokenStream, Number)>,
    inclusive: bool,
}

/// Reads `0..=100`.
pub(crate) fn parse(tokens: TokenStream, place: Span) -> syn::Result<Bounds> {
    let trees: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let dot =
        |at: usize| matches!(trees.get(at), Some(TokenTree::Punct(sign)) if sign.as_char() == '.');
    let Some(at) = (0..trees.len()).find(|at| dot(*at) && dot(at + 1)) else {
        return Err(syn::Error::new(
            place,
            "expected a range, as in `range(0..=100)`",
        ));
    };
    let equals =
        |at: usize| matches!(trees.get(at), Some(TokenTree::Punct(sign)) if sign.as_char() == '=');
    let inclusive = equals(at + 2);
    let end = |trees: &[TokenTree]| {
        let tokens: TokenStream = trees.iter().cloned().collect();
        number(&tokens).map(|number| (tokens, number))
    };
    let rest = &trees[at + 2 + usize::from(inclusive)..];
    if at == 0 && rest.is_empty() {
        return Err(syn::Error::new(
            place,
            "a range without ends allows everything; write its ends, as in `range(0..=100)`, or leave it out",
        ));
    }
    let (low, high) = (end(&trees[..at]), end(rest));
    if let (Some((_, lowest)), Some((_, highest))) = (&low, &high) {
        let (lowest, highest) = (lowest.as_float(), highest.as_float());
        if lowest > highest || (lowest == highest && !inclusive) {
            return Err(syn::Error::new_spanned(
                tokens,
                "this range is empty; write the smaller end first, as in `range(0..=100)`",
            ));
        }
    }
    Ok(Bounds {
        tokens,
        low,
        high,
        inclusive,
    })
}

impl Bounds {
    fn contains(&self, number: Number) -> bool {
        let number = number.as_float();
        let above = self
            .low
            .as_ref()
            .is_none_or(|(_, low)| number >= low.as_float());
        let below = self
            .high
            .as_ref()
            .is_none_or(|(_, high)| match self.inclusive {
                true => number <= high.as_float(),
                false => number < high.as_float(),
            });
        above && below
    }

    fn text(&self) -> String {
        self.tokens.to_string().replace(' ', "")
    }
}

/// A pattern as the store compiles it: it matches whole texts.
pub(crate) fn whole(pattern: &str) -> Result<Regex, regex_lite::Error> {
    Regex::new(&format!("^(?:{pattern})$"))
}

/// Notes what the constraints of a field say against each other and against its type.
pub(crate) fn check(given: &Given, kind: &Kind, faults: &mut Faults) {
    check_range(given, kind, faults);
    check_references(given, kind, faults);
    let Some((key, value)) = &given.default else {
        return;
    };
    if given.unique.is_some() {
        faults.at(
            key.span(),
            "a unique field has no default: the second entity would repeat it; leave out `default` or `unique`",
        );
    }
    if let (Some(range), Some(number)) = (&given.range, number(value))
        && !range.contains(number)
    {
        let message = format!("the default is outside the range `{}`", range.text());
        faults.on(value, format!("{message}; write one that is inside"));
    }
    if let Ok(text) = syn::parse2::<LitStr>(value.clone()) {
        check_text(given, &text, faults);
    }
}

/// The ends of a range are of the field's own type.
fn check_range(given: &Given, kind: &Kind, faults: &mut Faults) {
    let Some(range) = &given.range else { return };
    for (tokens, end) in range.low.iter().chain(&range.high) {
        let text = tokens.to_string().replace(' ', "");
        match (kind.shape, end) {
            (Shape::Float, Number::Int(_)) => {
                faults.on(tokens, format!("the field is `f64`; write `{text}.0`"));
            }
            (Shape::Int, Number::Float(number)) => {
                faults.on(
                    tokens,
                    format!("the field is `i64`; write `{}`", number.trunc()),
                );
            }
            _ => {}
        }
    }
}

fn check_references(given: &Given, kind: &Kind, faults: &mut Faults) {
    if !matches!(kind.shape, Shape::Reference | Shape::References) {
        return;
    }
    if let Some((key, _)) = &given.default {
        faults.at(
            key.span(),
            "a reference has no default: no entity exists when the type is declared; write `Option<Ref<…>>` for one that may be unset",
        );
    }
    let Some(rule) = &given.on_delete else { return };
    if rule.value() == "unset" && !kind.optional && kind.shape == Shape::Reference {
        faults.at(
            rule.span(),
            "this field always has a value, so it cannot be unset; write `Option<Ref<…>>`, or \"refuse\" or \"cascade\"",
        );
    }
}

fn check_text(given: &Given, default: &LitStr, faults: &mut Faults) {
    let text = default.value();
    let most = given.max_length.as_ref().and_then(number);
    if let Some(most) = most
        && text.chars().count() as f64 > most.as_float()
    {
        let length = text.chars().count();
        let most = given.max_length.to_token_stream();
        faults.at(
            default.span(),
            format!(
                "the default has length {length}, `max_length` allows {most}; write a shorter one"
            ),
        );
    }
    if let Some(pattern) = &given.pattern
        && whole(&pattern.value()).is_ok_and(|compiled| !compiled.is_match(&text))
    {
        let pattern = pattern.value();
        faults.at(
            default.span(),
            format!("the default does not match the pattern {pattern:?}; write one that does"),
        );
    }
}
