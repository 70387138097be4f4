//! An outer attribute, read without the grammar of its arguments.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::{Path, Token, token};

/// `#[path …]`
#[derive(Clone)]
pub(crate) struct Attribute {
    /// What it is called.
    pub(crate) path: Path,
    /// What follows the path: nothing, `= value` or `(…)`.
    rest: TokenStream,
    pound: Token![#],
    bracket: token::Bracket,
}

impl Attribute {
    /// Reads the outer attributes that stand here.
    pub(crate) fn parse_all(input: ParseStream<'_>) -> syn::Result<Vec<Self>> {
        let mut attributes = Vec::new();
        while input.peek(Token![#]) {
            attributes.push(Self::parse(input)?);
        }
        Ok(attributes)
    }

    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let pound = input.parse()?;
        let content;
        let bracket = syn::bracketed!(content in input);
        let path = content.call(Path::parse_mod_style)?;
        Ok(Self {
            path,
            rest: content.parse()?,
            pound,
            bracket,
        })
    }

    /// The last word of its path.
    pub(crate) fn name(&self) -> String {
        self.path
            .segments
            .last()
            .map(|last| last.ident.to_string())
            .unwrap_or_default()
    }

    /// Where it is called by its name.
    pub(crate) fn span(&self) -> Span {
        self.path
            .segments
            .last()
            .map_or_else(Span::call_site, |last| last.ident.span())
    }

    /// What stands in its parentheses; nothing if there are none.
    pub(crate) fn args(&self) -> syn::Result<TokenStream> {
        if self.rest.is_empty() {
            return Ok(TokenStream::new());
        }
        let name = self.name();
        let group: Group = (|input: ParseStream<'_>| input.parse())
            .parse2(self.rest.clone())
            .map_err(|_| {
                syn::Error::new_spanned(&self.rest, format!("write `#[{name}]` or `#[{name}(…)]`"))
            })?;
        Ok(group.stream())
    }

    /// Whether it is `#[cfg(…)]`.
    pub(crate) fn is_cfg(&self) -> bool {
        self.path.is_ident("cfg")
    }

    /// The attributes that `#[cfg_attr(condition, …)]` adds, by their last words.
    pub(crate) fn conditional_names(&self) -> Vec<String> {
        if !self.path.is_ident("cfg_attr") {
            return Vec::new();
        }
        let args = self.args().unwrap_or_default();
        let added = crate::common::split_commas(args).into_iter().skip(1);
        added
            .filter_map(|attribute| {
                attribute
                    .into_iter()
                    .take_while(|token| {
                        matches!(token, TokenTree::Ident(_))
                            || matches!(token, TokenTree::Punct(sign) if sign.as_char() == ':')
                    })
                    .last()
                    .map(|last| last.to_string())
            })
            .collect()
    }
}

impl ToTokens for Attribute {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let (path, rest) = (&self.path, &self.rest);
        self.pound.to_tokens(tokens);
        self.bracket
            .surround(tokens, |tokens| tokens.extend(quote!(#path #rest)));
    }
}
