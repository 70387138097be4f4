//! What several macros need: mistakes gathered, keys of attributes, items read by hand.

mod args;
mod attribute;
mod docs;
mod duration;
mod faults;
mod field_path;
mod function;
mod implementation;
mod keys;
mod library;
mod literal;
mod suggest;
mod tokens;

pub(crate) use args::{Arg, Given, split_args};
pub(crate) use attribute::Attribute;
pub(crate) use docs::docs;
pub(crate) use duration::{Period, duration};
pub(crate) use faults::Faults;
pub(crate) use field_path::{FieldPath, Hops};
pub(crate) use function::{Function, Param};
pub(crate) use implementation::{Implementation, Member};
pub(crate) use keys::{Form, Key, Keys};
pub(crate) use library::{Library, args_of, misplaced, take_library};
pub(crate) use literal::{Number, distance, number, string};
pub(crate) use suggest::{closest, did_you_mean, list};
pub(crate) use tokens::{mention, misspelt, split_commas, split_list, stray_commas};
