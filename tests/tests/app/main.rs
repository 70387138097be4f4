//! The application layer, through the public API, on a clock that only the tests move.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod behind;
mod by_hand;
mod common;
mod context;
mod delivery;
mod failure;
mod keyed;
mod kit;
mod lagged;
mod leader;
mod letters;
mod lifecycle;
mod once;
mod order;
mod persistent;
mod requests;
mod shaping;
mod signals;
mod threads;
mod timers;
mod validators;
