//! What literals alone show: ranges, defaults, lengths, patterns that exclude each other.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use regex_lite::Regex;
use syn::{Lit, LitStr};

use super::keys::Given;
use super::kinds::{Kind, Shape};
use crate::common::{Faults, Number, number};

/// A range as it was written.
pub(crate) struct Bounds {
    tokens: TokenStream,
    /// The ends as they were written; nothing is open.
    ends: [TokenStream; 2],
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
    let written = |trees: &[TokenTree]| trees.iter().cloned().collect();
    Ok(Bounds {
        ends: [written(&trees[..at]), written(rest)],
        tokens,
        low,
        high,
        inclusive,
    })
}

impl Bounds {
    /// The ends that are not open, with their keys in the lock.
    pub(crate) fn ends(&self) -> impl Iterator<Item = (&'static str, &TokenStream)> {
        let upper = if self.inclusive { "max" } else { "below" };
        let ends = ["min", upper].into_iter().zip(&self.ends);
        ends.filter(|(_, end)| !end.is_empty())
    }

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
    check_default(value, kind, faults);
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
    let ends = || [&range.low, &range.high].into_iter().flatten();
    let any = |is: fn(&Number) -> bool| ends().any(|(_, number)| is(number));
    let (name, fits): (_, fn(&Number) -> String) = match kind.shape {
        Shape::Float if any(|end| matches!(end, Number::Int(_))) => {
            ("f64", |end| format!("{:?}", end.as_float()))
        }
        Shape::Int if any(|end| matches!(end, Number::Float(_))) => {
            ("i64", |end| format!("{}", end.as_float().trunc()))
        }
        _ => return,
    };
    let end = |end: &Option<(TokenStream, Number)>| {
        end.as_ref()
            .map(|(_, number)| fits(number))
            .unwrap_or_default()
    };
    let (low, high) = (end(&range.low), end(&range.high));
    let sign = if range.inclusive { "..=" } else { ".." };
    faults.on(
        &range.tokens,
        format!("the field is `{name}`; write `range({low}{sign}{high})`"),
    );
}

/// A default that is a literal is of the field's own type.
fn check_default(value: &TokenStream, kind: &Kind, faults: &mut Faults) {
    let Ok(literal) = syn::parse2::<Lit>(value.clone()) else {
        return;
    };
    let (name, write) = match (kind.shape, literal) {
        (Shape::Int, Lit::Str(_) | Lit::Bool(_) | Lit::Float(_)) => ("i64", "a whole number"),
        (Shape::Float, Lit::Str(_) | Lit::Bool(_)) => ("f64", "a number, as in `default = 0.0`"),
        (Shape::Text, Lit::Int(_) | Lit::Float(_) | Lit::Bool(_)) => ("String", "a text in quotes"),
        (Shape::Bool, Lit::Int(_) | Lit::Float(_) | Lit::Str(_)) => ("bool", "`true` or `false`"),
        _ => return,
    };
    faults.on(value, format!("the field is `{name}`; write {write}"));
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
