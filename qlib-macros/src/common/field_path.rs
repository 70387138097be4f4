//! `Device.Status` and `Device.Room -> Room.Name`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::{Path, Token};

use crate::common::Library;

/// A field of an entity: `Device.Status`.
#[derive(Clone)]
pub(crate) struct FieldPath {
    /// The entity.
    pub(crate) entity: Path,
    dot: Token![.],
    /// The field.
    pub(crate) field: Ident,
}

impl Parse for FieldPath {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let entity = input.call(Path::parse_mod_style).map_err(|fault| {
            syn::Error::new(fault.span(), "expected a field, as in `Device.Status`")
        })?;
        if input.peek(Token![<]) {
            let name = path_text(&entity);
            let message = format!("an entity has no parameters; write `{name}.Field`");
            return Err(syn::Error::new_spanned(&entity, message));
        }
        if !input.peek(Token![.]) {
            return Err(syn::Error::new_spanned(&entity, lacks_field(&entity)));
        }
        let dot: Token![.] = input.parse()?;
        let field = input.parse().map_err(|fault| {
            let place = if input.is_empty() {
                dot.span
            } else {
                fault.span()
            };
            let message = format!(
                "expected the name of a field of `{}` here",
                path_text(&entity)
            );
            syn::Error::new(place, message)
        })?;
        Ok(Self { entity, dot, field })
    }
}

impl FieldPath {
    /// The typed handle: `<Device as Entity>::FIELDS.Status`.
    pub(crate) fn expand(&self, qlib: &Library) -> TokenStream {
        let Self { entity, dot, field } = self;
        quote_spanned!(self.place()=> <#entity as #qlib::Entity>::FIELDS #dot #field)
    }

    /// The place of the entity.
    pub(crate) fn place(&self) -> Span {
        let last = self.entity.segments.last();
        last.map_or_else(|| self.field.span(), |last| last.ident.span())
    }

    /// The entity, as messages show it.
    pub(crate) fn entity_text(&self) -> String {
        path_text(&self.entity)
    }
}

/// A field that is reached over references: `Device.Room -> Room.Name`.
pub(crate) struct Hops {
    first: FieldPath,
    hops: Vec<(Token![->], FieldPath)>,
}

impl Parse for Hops {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let first = input.parse()?;
        let mut hops = Vec::new();
        while input.peek(Token![->]) {
            let arrow: Token![->] = input.parse()?;
            if input.is_empty() {
                let message = "expected a field behind `->`, as in `Device.Room -> Room.Name`";
                return Err(syn::Error::new_spanned(arrow, message));
            }
            hops.push((arrow, input.parse()?));
        }
        if !input.is_empty() {
            return Err(input.error("expected `->` or a comma after a field"));
        }
        Ok(Self { first, hops })
    }
}

impl Hops {
    /// The place where it begins.
    pub(crate) fn place(&self) -> Span {
        self.first.place()
    }

    /// The typed path: `then(FIELDS.Room.path(), FIELDS.Name)`. It is a function and no method,
    /// so that a field that leads nowhere is an error at that field.
    pub(crate) fn expand(&self, qlib: &Library) -> TokenStream {
        let span = self.first.field.span();
        let first = self.first.expand(qlib);
        let mut path = quote_spanned!(span=> #first.path());
        for (arrow, field_path) in &self.hops {
            let then = Ident::new("then", arrow.spans[0]);
            let field = field_path.expand(qlib);
            let entity = &field_path.entity;
            path =
                quote_spanned!(arrow.spans[0]=> #qlib::#then::<_, _, #entity, _, _>(#path, #field));
        }
        path
    }
}

/// What to say of a path behind which no field stands.
fn lacks_field(path: &Path) -> String {
    let name = path_text(path);
    // `Device::Status`, as a constant of Rust would be written.
    let mut words = path
        .segments
        .iter()
        .rev()
        .map(|word| word.ident.to_string());
    let (field, entity) = (words.next(), words.next());
    let is_type = entity.is_some_and(|entity| entity.starts_with(char::is_uppercase));
    match (name.rsplit_once("::"), field) {
        (Some((entity, _)), Some(field)) if is_type => {
            format!("a field stands behind a dot; write `{entity}.{field}`")
        }
        _ => format!("`{name}` names no field; write `{name}.Field`, as in `Device.Status`"),
    }
}

/// A path as it was written.
fn path_text(path: &Path) -> String {
    path.to_token_stream().to_string().replace(' ', "")
}
