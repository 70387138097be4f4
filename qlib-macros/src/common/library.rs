//! Where generated code finds qlib.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::Parser;
use syn::{Meta, Path};

use crate::common::{Arg, Attribute, Faults, Form, Given, Key, Keys};

/// The path of qlib: `::qlib`, or that of `crate = path`.
#[derive(Clone, Default)]
pub(crate) struct Library(Option<Path>);

/// The keys of `#[qlib(…)]`, which may stand on every item that a macro of ours reads.
const KEYS: Keys<Library> = Keys {
    of: "`#[qlib]`",
    keys: &[Key::new("crate", Form::Value("path"), Library::take)],
};

impl Library {
    /// Takes in the key `crate = path` of an attribute.
    pub(crate) fn take(&mut self, arg: Arg, faults: &mut Faults) {
        if let Given::Value(path) = arg.given {
            let read = Path::parse_mod_style.parse2(path.clone()).map_err(|_| {
                let message = "`crate` says where qlib is; write its path, as in `crate = my::qlib`, without quotes";
                syn::Error::new_spanned(path, message)
            });
            self.0 = faults.keep(read).or(self.0.take());
        }
    }

    /// Reads the attributes `#[qlib(crate = path)]` of an item.
    pub(crate) fn read(
        &mut self,
        attributes: impl IntoIterator<Item = TokenStream>,
        faults: &mut Faults,
    ) {
        KEYS.read_all(attributes, self, faults);
    }

    /// The path, at the place where what is named by it is to be reported.
    pub(crate) fn at(&self, place: Span) -> TokenStream {
        let respan = |mut token: TokenTree| {
            token.set_span(token.span().located_at(place));
            token
        };
        self.to_token_stream().into_iter().map(respan).collect()
    }

    /// Whether the item is part of qlib itself.
    pub(crate) fn is_own(&self) -> bool {
        self.0.as_ref().is_some_and(|path| path.is_ident("crate"))
    }
}

/// The arguments of the helper attributes `#[name(…)]` of an item that is derived from.
pub(crate) fn args_of(
    attributes: &[syn::Attribute],
    name: &str,
    faults: &mut Faults,
) -> Vec<TokenStream> {
    let named = attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident(name));
    let lists = named.filter_map(|attribute| match &attribute.meta {
        Meta::List(list) => Some(list.tokens.clone()),
        _ => {
            faults.on(attribute, format!("write `#[{name}(…)]`"));
            None
        }
    });
    lists.collect()
}

/// Notes the helper attributes `#[name(…)]` that stand where they mean nothing.
pub(crate) fn misplaced(
    attributes: &[syn::Attribute],
    name: &str,
    message: &str,
    faults: &mut Faults,
) {
    for attribute in attributes {
        if attribute.path().is_ident(name) {
            faults.on(attribute.path(), message);
        }
    }
}

/// Takes `#[qlib(…)]` out of the attributes.
pub(crate) fn take_library(
    attributes: &mut Vec<Attribute>,
    faults: &mut Faults,
) -> Vec<TokenStream> {
    let (ours, kept): (Vec<_>, Vec<_>) = std::mem::take(attributes)
        .into_iter()
        .partition(|attribute| attribute.path.is_ident("qlib"));
    *attributes = kept;
    ours.iter()
        .filter_map(|attribute| faults.keep(attribute.args()))
        .collect()
}

impl ToTokens for Library {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let path = match &self.0 {
            Some(path) => path.to_token_stream(),
            None => {
                let name = Ident::new("qlib", Span::call_site());
                quote!(::#name)
            }
        };
        tokens.extend(quote!(#path::__private));
    }
}
