//! Entities as a text that people read, edit and compare: JSON, one field a line, in a fixed order.
//!
//! ```json
//! {
//!   "id": "0190a6f0-7c1e-7d54-9b1c-5a5d3c1d2e3f",
//!   "type": "Room",
//!   "name": "Kitchen",
//!   "parent": "00000000-0000-7000-8000-000000000001",
//!   "fields": {
//!     "Floor": 1
//!   },
//!   "children": [
//!     {
//!       "id": "0190a6f0-7c20-7a11-8f3e-6b1c9d0e4f5a",
//!       "type": "Device",
//!       "name": "Lamp"
//!     }
//!   ]
//! }
//! ```
//!
//! Only the top entity names its parent; the Root has none. A field without a value is left out.
//! Types are named, not declared: their schemas have a file of their own.

mod export;
mod import;
mod lexer;

pub(crate) use import::Imported;
