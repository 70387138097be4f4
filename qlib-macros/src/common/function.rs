//! A function, read as far as its body; the body stays tokens.

use proc_macro2::{Delimiter, Ident, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::{Token, Type, Visibility};

use crate::common::Attribute;
use crate::common::tokens::split_types;

/// A function or method.
pub(crate) struct Function {
    /// Its attributes.
    pub(crate) attributes: Vec<Attribute>,
    /// Who sees it.
    pub(crate) visibility: Visibility,
    /// `async`, if it is.
    pub(crate) asynchronous: Option<Ident>,
    /// `unsafe`, if it is.
    pub(crate) unsafety: Option<Ident>,
    /// Its name.
    pub(crate) name: Ident,
    /// The first parameter of a type or constant.
    pub(crate) generic: Option<Ident>,
    /// `self`, `&self`, `&mut self` …, if there is one.
    pub(crate) receiver: Option<Receiver>,
    /// Its other parameters.
    pub(crate) params: Vec<Param>,
    /// What it returns; nothing if it does not say.
    pub(crate) output: TokenStream,
    /// All of it but its attributes, as it was written.
    tokens: TokenStream,
}

/// The receiver of a method.
pub(crate) struct Receiver {
    /// As it was written.
    pub(crate) tokens: TokenStream,
    /// It is `&self` or `&mut self`.
    pub(crate) borrowed: bool,
}

/// A parameter of a function.
pub(crate) struct Param {
    /// Its name; `None` for a pattern.
    pub(crate) name: Option<Ident>,
    /// Its type.
    pub(crate) kind: Type,
}

impl Function {
    /// Whether a function stands here, behind its attributes.
    pub(crate) fn peek(input: ParseStream<'_>) -> bool {
        let ahead = input.fork();
        let Ok(rest) = ahead.parse::<TokenStream>() else {
            return false;
        };
        for token in rest {
            match token {
                TokenTree::Ident(word) if word == "fn" => return true,
                TokenTree::Ident(word) if is_qualifier(&word) => {}
                TokenTree::Group(group) if group.delimiter() != Delimiter::Brace => {}
                TokenTree::Literal(_) => {}
                _ => return false,
            }
        }
        false
    }

    /// Reads the function that stands here, behind its attributes.
    pub(crate) fn parse(attributes: Vec<Attribute>, input: ParseStream<'_>) -> syn::Result<Self> {
        let written = input.fork();
        let visibility = input.parse()?;
        let mut asynchronous = None;
        let mut unsafety = None;
        while !input.peek(Token![fn]) {
            match input.parse()? {
                TokenTree::Ident(word) if word == "async" => asynchronous = Some(word),
                TokenTree::Ident(word) if word == "unsafe" => unsafety = Some(word),
                _ => {}
            }
        }
        input.parse::<Token![fn]>()?;
        let name = input.parse()?;
        let generic = generics(input)?;
        let content;
        syn::parenthesized!(content in input);
        let mut params = split_types(content.parse()?);
        let receiver = params.first().and_then(receiver);
        if receiver.is_some() {
            params.remove(0);
        }
        let params = params.into_iter().map(|param| Param::parse.parse2(param));
        let params = params.collect::<syn::Result<_>>()?;
        let output = ending(input)?;
        let tokens = until(&written, input)?;
        Ok(Self {
            attributes,
            visibility,
            asynchronous,
            unsafety,
            name,
            generic,
            receiver,
            params,
            output,
            tokens,
        })
    }
}

impl Function {
    /// The function without its attributes.
    pub(crate) fn unadorned(&self) -> &TokenStream {
        &self.tokens
    }
}

impl Param {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Attribute::parse_all(input)?;
        let mut pattern: Vec<TokenTree> = Vec::new();
        while !input.peek(Token![:]) || input.peek(Token![::]) {
            if input.peek(Token![::]) {
                pattern.extend(input.parse::<Token![::]>()?.into_token_stream());
            } else {
                pattern.push(input.parse()?);
            }
        }
        input.parse::<Token![:]>()?;
        pattern.retain(|token| !matches!(token, TokenTree::Ident(word) if word == "mut"));
        let name = match pattern.as_slice() {
            [TokenTree::Ident(name)] => Some(name.clone()),
            _ => None,
        };
        Ok(Self {
            name,
            kind: input.parse()?,
        })
    }

    /// The last word of the type, behind any `&`: `Change` of `qlib::Change<Device, Power>`.
    pub(crate) fn kind_name(&self) -> Option<&Ident> {
        let mut kind = &self.kind;
        loop {
            match kind {
                Type::Reference(reference) => kind = &reference.elem,
                Type::Group(group) => kind = &group.elem,
                Type::Paren(group) => kind = &group.elem,
                Type::Path(path) => return path.path.segments.last().map(|last| &last.ident),
                _ => return None,
            }
        }
    }

    /// The place of the type.
    pub(crate) fn kind_span(&self) -> Span {
        first_span(self.kind.to_token_stream())
    }

    /// The type is `impl Trait`, behind any `&`.
    pub(crate) fn is_generic(&self) -> bool {
        match &self.kind {
            Type::Reference(reference) => matches!(*reference.elem, Type::ImplTrait(_)),
            kind => matches!(kind, Type::ImplTrait(_)),
        }
    }
}

/// The place of the first token.
fn first_span(tokens: TokenStream) -> Span {
    tokens
        .into_iter()
        .next()
        .map_or_else(Span::call_site, |token| token.span())
}

fn is_qualifier(word: &Ident) -> bool {
    [
        "pub", "default", "const", "async", "unsafe", "extern", "safe",
    ]
    .iter()
    .any(|name| word == name)
}

/// Passes `<…>` and gives the first parameter in it that is no lifetime.
fn generics(input: ParseStream<'_>) -> syn::Result<Option<Ident>> {
    let mut found = None;
    let mut depth = 0_usize;
    let mut opens = true;
    let mut before = None;
    if !input.peek(Token![<]) {
        return Ok(found);
    }
    loop {
        let token: TokenTree = input.parse()?;
        match &token {
            TokenTree::Punct(sign) if sign.as_char() == '<' => depth += 1,
            TokenTree::Punct(sign) if is_closing(sign, before) => depth -= 1,
            TokenTree::Punct(sign) if sign.as_char() == '\'' => opens = false,
            TokenTree::Punct(sign) if sign.as_char() == ',' => opens = depth == 1,
            TokenTree::Ident(word) if opens && depth == 1 && word != "const" => {
                found.get_or_insert_with(|| word.clone());
                opens = false;
            }
            _ => {}
        }
        before = match token {
            TokenTree::Punct(sign) if sign.spacing() == Spacing::Joint => Some(sign.as_char()),
            _ => None,
        };
        if depth == 0 {
            return Ok(found);
        }
    }
}

fn is_closing(sign: &Punct, before: Option<char>) -> bool {
    sign.as_char() == '>' && !matches!(before, Some('-' | '='))
}

fn receiver(first: &TokenStream) -> Option<Receiver> {
    let mut borrowed = false;
    for token in first.clone() {
        match token {
            TokenTree::Ident(word) if word == "self" => {
                let typed = first
                    .clone()
                    .into_iter()
                    .any(|token| matches!(token, TokenTree::Punct(sign) if sign.as_char() == ':'));
                return Some(Receiver {
                    tokens: first.clone(),
                    borrowed: borrowed && !typed || is_reference_to_self(first),
                });
            }
            TokenTree::Punct(sign) if sign.as_char() == '#' => {}
            TokenTree::Group(list) if list.delimiter() == Delimiter::Bracket => {}
            TokenTree::Punct(sign) if sign.as_char() == '&' => borrowed = true,
            TokenTree::Punct(sign) if sign.as_char() == '\'' => {}
            TokenTree::Ident(_) => {}
            _ => return None,
        }
    }
    None
}

/// Whether a receiver is `self: &Self` or `self: &mut Self`, the long form of `&self`.
fn is_reference_to_self(receiver: &TokenStream) -> bool {
    let mut kind = receiver
        .clone()
        .into_iter()
        .skip_while(|token| !matches!(token, TokenTree::Punct(sign) if sign.as_char() == ':'))
        .skip(1)
        .peekable();
    let refers = matches!(kind.peek(), Some(TokenTree::Punct(sign)) if sign.as_char() == '&');
    refers && kind.last().is_some_and(|last| last.to_string() == "Self")
}

/// Passes what follows the parameters, with the body, and gives the type that is returned.
fn ending(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let mut output = Vec::new();
    let mut bounds = false;
    if input.peek(Token![->]) {
        input.parse::<Token![->]>()?;
    } else {
        bounds = true;
    }
    loop {
        if input.peek(Token![;]) {
            input.parse::<Token![;]>()?;
            return Ok(output.into_iter().collect());
        }
        match input.parse()? {
            TokenTree::Group(body) if body.delimiter() == Delimiter::Brace => {
                return Ok(output.into_iter().collect());
            }
            TokenTree::Ident(word) if word == "where" => bounds = true,
            token if !bounds => output.push(token),
            _ => {}
        }
    }
}

/// The tokens between two places of one stream.
fn until(from: ParseStream<'_>, to: ParseStream<'_>) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while from.cursor() != to.cursor() {
        tokens.extend([from.parse::<TokenTree>()?]);
    }
    Ok(tokens)
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let (attributes, rest) = (&self.attributes, &self.tokens);
        tokens.extend(quote!(#(#attributes)* #rest));
    }
}
