//! The types that a field can have, as far as their names show it.

use syn::{GenericArgument, PathArguments, Type, TypePath};

/// What the type of a field shows.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    /// It is an `Option`.
    pub(crate) optional: bool,
    /// What it is without `Option`.
    pub(crate) shape: Shape,
}

/// What a type is without `Option`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `i64`
    Int,
    /// `f64`
    Float,
    /// `String`
    Text,
    /// `bool`
    Bool,
    /// `Ref<_>`
    Reference,
    /// `Vec<Ref<_>>`
    References,
    /// Anything else; the compiler knows it.
    Other,
}

const ALL: &str = "write `i64`, `f64`, `String`, `bool`, `Vec<u8>`, `Ref<…>`, `Timestamp`, `Script`, an enum with `#[derive(Choice)]`, `Vec<Ref<…>>`, or an `Option` of one of these";

/// Looks at a type, and says what to write instead of one that no field can have.
pub(crate) fn kind(kind: &Type) -> syn::Result<Kind> {
    let inner = argument(kind, "Option");
    let optional = inner.is_some();
    let inner = inner.unwrap_or(kind);
    let shape = match optional && argument(inner, "Option").is_some() {
        true => Err("a field is unset or not; write one `Option`".to_owned()),
        false => shape(inner),
    };
    match shape {
        Ok(shape) => Ok(Kind { optional, shape }),
        Err(fault) => Err(syn::Error::new_spanned(inner, fault)),
    }
}

fn shape(kind: &Type) -> Result<Shape, String> {
    let path = match kind {
        Type::Path(path) => path,
        Type::Group(group) => return shape(&group.elem),
        Type::Paren(group) => return shape(&group.elem),
        Type::Reference(reference) => return Err(reference_fault(&reference.elem)),
        Type::Array(_) | Type::Slice(_) => return Err(list_fault(kind)),
        _ => return Err(format!("a field cannot hold this; {ALL}")),
    };
    if let Some(inner) = argument(kind, "Vec") {
        return match name(inner).as_deref() {
            Some("u8") => Ok(Shape::Other),
            Some("Ref") => Ok(Shape::References),
            _ => Err(list_fault(kind)),
        };
    }
    match last(path).as_str() {
        "i64" => Ok(Shape::Int),
        "f64" => Ok(Shape::Float),
        "String" => Ok(Shape::Text),
        "bool" => Ok(Shape::Bool),
        "Ref" => Ok(Shape::Reference),
        other => instead(other).map_or(Ok(Shape::Other), Err),
    }
}

/// What to write instead of a type of the standard library.
fn instead(name: &str) -> Option<String> {
    let write = match name {
        "i8" | "i16" | "i32" | "i128" | "isize" | "u8" | "u16" | "u32" | "u64" | "u128"
        | "usize" => "write `i64`",
        "f32" => "write `f64`",
        "char" | "str" | "PathBuf" | "OsString" => "write `String`",
        "SystemTime" => "write `Timestamp`",
        "Box" | "Rc" | "Arc" | "Cow" => "write the type inside it",
        "HashMap" | "BTreeMap" | "HashSet" | "BTreeSet" | "VecDeque" => {
            "make each entry an entity below this one, or hold `Vec<Ref<…>>`"
        }
        _ => return None,
    };
    Some(format!("a field cannot hold `{name}`; {write}"))
}

fn reference_fault(inner: &Type) -> String {
    match (inner, name(inner).as_deref()) {
        (_, Some("str")) => "a field owns its text; write `String`".to_owned(),
        (Type::Slice(_), _) => list_fault(inner),
        _ => "a field owns its value; leave out the `&`, or refer to an entity with `Ref<…>`"
            .to_owned(),
    }
}

fn list_fault(kind: &Type) -> String {
    let inner = match kind {
        Type::Array(array) => name(&array.elem),
        Type::Slice(slice) => name(&slice.elem),
        _ => argument(kind, "Vec").and_then(name),
    };
    match inner.as_deref() {
        Some("u8") => "bytes are `Vec<u8>` in a field; write that".to_owned(),
        _ => "a list in a field holds bytes or references: write `Vec<u8>` or `Vec<Ref<…>>`, or make each entry an entity below this one".to_owned(),
    }
}

/// The last word of a path.
fn last(path: &TypePath) -> String {
    path.path
        .segments
        .last()
        .map(|last| last.ident.to_string())
        .unwrap_or_default()
}

fn name(kind: &Type) -> Option<String> {
    match kind {
        Type::Path(path) => Some(last(path)),
        Type::Group(group) => name(&group.elem),
        Type::Paren(group) => name(&group.elem),
        _ => None,
    }
}

/// The argument of a type of that name: `T` of `Option<T>`.
pub(crate) fn argument<'a>(kind: &'a Type, name: &str) -> Option<&'a Type> {
    match kind {
        Type::Group(group) => argument(&group.elem, name),
        Type::Paren(group) => argument(&group.elem, name),
        Type::Path(path) => {
            let last = path
                .path
                .segments
                .last()
                .filter(|last| last.ident == name)?;
            let PathArguments::AngleBracketed(arguments) = &last.arguments else {
                return None;
            };
            match arguments.args.first()? {
                GenericArgument::Type(inner) => Some(inner),
                _ => None,
            }
        }
        _ => None,
    }
}
