//! Expansions and mistakes as texts that people read.

use proc_macro2::{TokenStream, TokenTree};

/// Tokens of a text, with their places.
pub(crate) fn tokens(text: &str) -> TokenStream {
    text.parse().unwrap()
}

/// An expansion as it would have been written by hand.
pub(crate) fn pretty(tokens: TokenStream) -> String {
    prettyplease::unparse(&syn::parse2(tokens).unwrap())
}

/// For each input: the input, then each mistake with the word that it points at.
pub(crate) fn mistakes(
    inputs: impl IntoIterator<Item = &'static str>,
    expand: impl Fn(&str) -> TokenStream,
) -> String {
    let mut text = String::new();
    for input in inputs {
        text.push_str(input.trim());
        text.push('\n');
        let faults = faults(expand(input));
        assert!(!faults.is_empty(), "nothing is wrong with {input}");
        for (word, message) in faults {
            text.push_str(&format!("    {word}: {message}\n"));
        }
        text.push('\n');
    }
    text
}

/// The word that each `compile_error!` points at, and its message.
pub(crate) fn faults(expansion: TokenStream) -> Vec<(String, String)> {
    let tokens: Vec<TokenTree> = expansion.into_iter().collect();
    let mut faults = Vec::new();
    for window in tokens.windows(3) {
        let [TokenTree::Ident(name), _, TokenTree::Group(group)] = window else {
            continue;
        };
        if name == "compile_error" {
            let message: syn::LitStr = syn::parse2(group.stream()).unwrap();
            let word = name
                .span()
                .source_text()
                .unwrap_or_else(|| "(the attribute)".to_owned());
            faults.push((word, message.value()));
        }
    }
    faults
}

/// Compares a text with its snapshot, which does not repeat the input.
macro_rules! shows {
    ($text:expr) => {
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!($text) })
    };
}
pub(crate) use shows;
