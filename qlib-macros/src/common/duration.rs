//! Spans of time, written as `"100ms"`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::LitStr;

use crate::common::{Library, did_you_mean, list, string};

/// A span of time above zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Debug)]
pub(crate) struct Period(u64);

const UNITS: [(&str, f64); 5] = [
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 60e9),
    ("h", 3600e9),
    ("d", 86_400e9),
];

impl Period {
    /// The span in nanoseconds.
    pub(crate) fn nanos(self) -> u64 {
        self.0
    }

    /// The span as an expression.
    pub(crate) fn expand(self, qlib: &Library) -> TokenStream {
        let Self(nanos) = self;
        if nanos.is_multiple_of(1_000_000_000) {
            let seconds = proc_macro2::Literal::u64_unsuffixed(nanos / 1_000_000_000);
            quote!(#qlib::Duration::from_secs(#seconds))
        } else if nanos.is_multiple_of(1_000_000) {
            let millis = proc_macro2::Literal::u64_unsuffixed(nanos / 1_000_000);
            quote!(#qlib::Duration::from_millis(#millis))
        } else {
            let nanos = proc_macro2::Literal::u64_unsuffixed(nanos);
            quote!(#qlib::Duration::from_nanos(#nanos))
        }
    }
}

/// Reads a span of time.
pub(crate) fn duration(tokens: TokenStream) -> syn::Result<Period> {
    let text = string(tokens, "\"1s\"")?;
    read(&text.value()).map_err(|fault| syn::Error::new_spanned(LitStr::clone(&text), fault))
}

fn read(text: &str) -> Result<Period, String> {
    let end = text
        .find(|letter: char| !matches!(letter, '0'..='9' | '.'))
        .unwrap_or(text.len());
    let (number, unit) = (&text[..end], text[end..].trim());
    let units = || UNITS.iter().map(|(unit, _)| *unit);
    let Ok(count) = number.parse::<f64>() else {
        return Err(format!(
            "{text:?} is no time; write a number and a unit, as in \"1s\" or \"100ms\""
        ));
    };
    if unit.is_empty() {
        return Err(format!(
            "{text:?} lacks its unit; write \"{number}s\", or {} instead of `s`",
            list(units().filter(|unit| *unit != "s"))
        ));
    }
    let Some((_, nanos)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        let close = match unit {
            "sec" | "secs" | "second" | "seconds" => "; did you mean `s`?".to_owned(),
            "min" | "mins" | "minute" | "minutes" => "; did you mean `m`?".to_owned(),
            "hour" | "hours" => "; did you mean `h`?".to_owned(),
            "day" | "days" => "; did you mean `d`?".to_owned(),
            _ => did_you_mean(unit, units()),
        };
        return Err(format!(
            "`{unit}` is no unit of time; expected one of {}{close}",
            list(units())
        ));
    };
    let nanos = count * nanos;
    if nanos < 1.0 {
        return Err(format!(
            "{text:?} is no time at all; write more than zero, as in \"100ms\""
        ));
    }
    if nanos > 1e18 {
        return Err(format!("{text:?} is more than 30 years; write less"));
    }
    Ok(Period(nanos as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_a_number_and_a_unit() {
        assert_eq!(read("100ms"), Ok(Period(100_000_000)));
        assert_eq!(read("1.5s"), Ok(Period(1_500_000_000)));
        assert_eq!(read("5m"), Ok(Period(300_000_000_000)));
        assert_eq!(read("2h"), Ok(Period(7_200_000_000_000)));
        assert_eq!(read("30d"), Ok(Period(2_592_000_000_000_000)));
    }

    #[test]
    fn anything_else_is_refused_with_what_to_write() {
        insta::assert_snapshot!(
            ["", "soon", "-1s", "5", "5sec", "5w", "0s", "1.2.3s", "99999999h"]
                .map(|text| read(text).unwrap_err())
                .join("\n"),
            @r#"
        "" is no time; write a number and a unit, as in "1s" or "100ms"
        "soon" is no time; write a number and a unit, as in "1s" or "100ms"
        "-1s" is no time; write a number and a unit, as in "1s" or "100ms"
        "5" lacks its unit; write "5s", or `ms`, `m`, `h` or `d` instead of `s`
        `sec` is no unit of time; expected one of `ms`, `s`, `m`, `h` or `d`; did you mean `s`?
        `w` is no unit of time; expected one of `ms`, `s`, `m`, `h` or `d`; did you mean `s`?
        "0s" is no time at all; write more than zero, as in "100ms"
        "1.2.3s" is no time; write a number and a unit, as in "1s" or "100ms"
        "99999999h" is more than 30 years; write less
        "#
        );
    }
}
