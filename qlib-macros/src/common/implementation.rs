//! An `impl` block, read member by member; what is no function stays tokens.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Token, Type, token};

use crate::common::{Attribute, Function};

/// An inherent `impl` block.
pub(crate) struct Implementation {
    /// Its attributes.
    pub(crate) attributes: Vec<Attribute>,
    /// `impl`
    pub(crate) keyword: Token![impl],
    /// `<…>` behind it.
    pub(crate) generics: TokenStream,
    /// The type that it belongs to.
    pub(crate) subject: Type,
    /// The trait that it implements; what stands before `for`.
    pub(crate) implements: Option<Type>,
    /// What stands before the members: `where …`.
    bounds: TokenStream,
    brace: token::Brace,
    /// What it holds.
    pub(crate) members: Vec<Member>,
}

/// A member of an `impl` block.
pub(crate) enum Member {
    /// A function.
    Function(Box<Function>),
    /// Anything else, with its attributes.
    Other(Vec<Attribute>, TokenStream),
}

impl Parse for Implementation {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = Attribute::parse_all(input)?;
        if !input.peek(Token![impl]) {
            let message = "`#[worker]` stands on the `impl` block with the handlers: write `#[worker] impl Name { … }`";
            return Err(input.error(message));
        }
        let keyword = input.parse()?;
        let generics = generics(input)?;
        let mut subject: Type = input.parse()?;
        let mut implements = None;
        if input.peek(Token![for]) {
            input.parse::<Token![for]>()?;
            implements = Some(std::mem::replace(&mut subject, input.parse()?));
        }
        let mut bounds = TokenStream::new();
        while !input.peek(token::Brace) {
            bounds.extend([input.parse::<TokenTree>()?]);
        }
        let content;
        let brace = syn::braced!(content in input);
        let mut members = Vec::new();
        while !content.is_empty() {
            members.push(content.parse()?);
        }
        Ok(Self {
            attributes,
            keyword,
            generics,
            subject,
            implements,
            bounds,
            brace,
            members,
        })
    }
}

impl Implementation {
    /// The name of the type that it belongs to.
    pub(crate) fn name(&self) -> Option<&Ident> {
        match &self.subject {
            Type::Path(path) => path.path.segments.last().map(|last| &last.ident),
            _ => None,
        }
    }
}

impl Parse for Member {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = Attribute::parse_all(input)?;
        if Function::peek(input) {
            return Function::parse(attributes, input)
                .map(Box::new)
                .map(Self::Function);
        }
        let mut tokens = TokenStream::new();
        let mut called = false;
        loop {
            let token: TokenTree = input.parse()?;
            let ends = match &token {
                TokenTree::Punct(sign) => sign.as_char() == ';',
                TokenTree::Group(group) => called && group.delimiter() == Delimiter::Brace,
                _ => false,
            };
            called = matches!(&token, TokenTree::Punct(sign) if sign.as_char() == '!');
            tokens.extend([token]);
            if ends || input.is_empty() {
                return Ok(Self::Other(attributes, tokens));
            }
        }
    }
}

fn generics(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    let mut depth = 0_usize;
    while depth > 0 || input.peek(Token![<]) {
        let token: TokenTree = input.parse()?;
        match &token {
            TokenTree::Punct(sign) if sign.as_char() == '<' => depth += 1,
            TokenTree::Punct(sign) if sign.as_char() == '>' => depth -= 1,
            _ => {}
        }
        tokens.extend([token]);
        if depth == 0 {
            break;
        }
    }
    Ok(tokens)
}

impl ToTokens for Implementation {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self {
            attributes,
            keyword,
            generics,
            subject,
            implements,
            bounds,
            members,
            ..
        } = self;
        tokens.extend(quote!(#(#attributes)* #keyword #generics));
        if let Some(implemented) = implements {
            tokens.extend(quote!(#implemented for));
        }
        tokens.extend(quote!(#subject #bounds));
        self.brace
            .surround(tokens, |tokens| tokens.extend(quote!(#(#members)*)));
    }
}

impl ToTokens for Member {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Function(function) => function.to_tokens(tokens),
            Self::Other(attributes, rest) => tokens.extend(quote!(#(#attributes)* #rest)),
        }
    }
}
