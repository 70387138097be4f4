//! Streams of tokens, cut and searched without knowing their grammar.

use proc_macro2::{Punct, Span, TokenStream, TokenTree};

use crate::common::{Faults, closest};

/// The parts between the commas of a list. A comma inside `::<…>` belongs to its part.
pub(crate) fn split_commas(tokens: TokenStream) -> Vec<TokenStream> {
    split(tokens, false)
}

/// As [`split_commas`], and notes commas that separate nothing.
pub(crate) fn split_list(tokens: TokenStream, faults: &mut Faults) -> Vec<TokenStream> {
    stray_commas(tokens.clone(), faults);
    split_commas(tokens)
}

/// Notes commas that separate nothing. One at the end may stand.
pub(crate) fn stray_commas(tokens: TokenStream, faults: &mut Faults) {
    let mut after_comma = true;
    for token in tokens {
        let is_comma = matches!(&token, TokenTree::Punct(sign) if sign.as_char() == ',');
        if is_comma && after_comma {
            faults.at(
                token.span(),
                "nothing stands before this comma; leave it out",
            );
        }
        after_comma = is_comma;
    }
}

/// The parts between the commas of a list of types; every `<` opens.
pub(crate) fn split_types(tokens: TokenStream) -> Vec<TokenStream> {
    split(tokens, true)
}

fn split(tokens: TokenStream, types: bool) -> Vec<TokenStream> {
    let mut parts = Vec::new();
    let mut part: Vec<TokenTree> = Vec::new();
    let mut angles = Angles {
        depth: 0,
        types,
        before: [None, None],
    };
    for token in tokens {
        angles.pass(&token);
        match &token {
            TokenTree::Punct(comma) if comma.as_char() == ',' && angles.depth == 0 => {
                parts.push(std::mem::take(&mut part));
            }
            _ => part.push(token),
        }
    }
    parts.push(part);
    parts.retain(|part| !part.is_empty());
    parts.into_iter().map(TokenStream::from_iter).collect()
}

/// How deep inside `<…>` a token stands.
struct Angles {
    depth: usize,
    types: bool,
    before: [Option<char>; 2],
}

impl Angles {
    fn pass(&mut self, token: &TokenTree) {
        let sign = match token {
            TokenTree::Punct(punct) => Some(Punct::as_char(punct)),
            _ => None,
        };
        let after_path = self.before == [Some(':'), Some(':')];
        match sign {
            Some('<') if self.types || after_path || self.depth > 0 => self.depth += 1,
            Some('>') if !matches!(self.before[1], Some('-' | '=')) => {
                self.depth = self.depth.saturating_sub(1);
            }
            _ => {}
        }
        self.before = [self.before[1], sign];
    }
}

/// Where a name occurs, as a word or inside a format string.
pub(crate) fn mention(tokens: &TokenStream, name: &str) -> Option<Span> {
    tokens.clone().into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) => (ident == name).then(|| ident.span()),
        TokenTree::Group(group) => mention(&group.stream(), name),
        TokenTree::Literal(literal) => {
            let captures = literal.to_string().contains(&format!("{{{name}"));
            captures.then(|| literal.span())
        }
        TokenTree::Punct(_) => None,
    })
}

/// Where a word occurs that is close to a name: probably the name, misspelt.
pub(crate) fn misspelt(tokens: &TokenStream, name: &str) -> Option<Span> {
    tokens.clone().into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) => closest(&ident.to_string(), [name]).map(|_| ident.span()),
        TokenTree::Group(group) => misspelt(&group.stream(), name),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str, cut: fn(TokenStream) -> Vec<TokenStream>) -> usize {
        cut(text.parse().unwrap()).len()
    }

    #[test]
    fn commas_inside_arguments_of_types_do_not_cut() {
        assert_eq!(parts("a = f::<A, B>(), b", split_commas), 2);
        assert_eq!(parts("when(a < b, c > d), b = 1 < 2", split_commas), 2);
        assert_eq!(
            parts("change: Change<A, B>, f: fn() -> A, c: C", split_types),
            3
        );
    }

    #[test]
    fn commas_that_separate_nothing_are_noted() {
        for (text, strays) in [
            ("a, b,", 0),
            ("a,, b", 1),
            (", a", 1),
            (",", 1),
            ("a,,,", 2),
            ("", 0),
        ] {
            let mut faults = Faults::default();
            split_list(text.parse().unwrap(), &mut faults);
            let noted = faults
                .into_tokens()
                .to_string()
                .matches("leave it out")
                .count();
            assert_eq!(noted, strays, "{text}");
        }
    }

    #[test]
    fn a_format_string_mentions_what_it_captures() {
        assert!(mention(&"f(\"{current:?}\")".parse().unwrap(), "current").is_some());
        assert!(mention(&"f(\"current\")".parse().unwrap(), "current").is_none());
    }
}
