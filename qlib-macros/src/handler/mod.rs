//! A function that reacts to an event, as a method of a worker or on its own.

mod expand;
mod model;
mod parse;

pub(crate) use expand::{definition, registration};
pub(crate) use model::{Event, Handler, Place};
pub(crate) use parse::{parse, twice};
