//! Entities to text.

use std::fmt;
use std::io::{self, Write};

use crate::model::{EntityId, ValueRef};
use crate::tree::restore::columns;
use crate::tree::{EntityRef, Tree};

/// Bytes that are gathered before they are written.
const BUFFER: usize = 1 << 16;

/// An entity whose children are being written.
struct Open<C> {
    children: C,
    any: bool,
}

impl Tree {
    /// Writes an entity and all below it.
    pub(crate) fn export(&self, top: EntityRef<'_>, output: &mut impl Write) -> io::Result<()> {
        let mut text = Text::default();
        let mut open = Vec::new();
        text.head(top, true);
        open.push(Open {
            children: top.children(),
            any: false,
        });
        while let Some(above) = open.last_mut() {
            if let Some(child) = above.children.next() {
                if above.any {
                    text.push(",");
                } else {
                    text.key("children");
                    text.push("[");
                    text.depth += 1;
                }
                above.any = true;
                text.line();
                text.head(child, false);
                open.push(Open {
                    children: child.children(),
                    any: false,
                });
            } else {
                if above.any {
                    text.depth -= 1;
                    text.line();
                    text.push("]");
                }
                text.close();
                open.pop();
            }
            if text.bytes.len() >= BUFFER {
                output.write_all(&text.bytes)?;
                text.bytes.clear();
            }
        }
        text.push("\n");
        output.write_all(&text.bytes)?;
        output.flush()
    }
}

#[derive(Default)]
struct Text {
    bytes: Vec<u8>,
    depth: usize,
}

impl Text {
    fn push(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn show(&mut self, what: impl fmt::Display) {
        // A vector takes everything.
        let _ = write!(self.bytes, "{what}");
    }

    /// Begins a line.
    fn line(&mut self) {
        self.bytes.push(b'\n');
        let indent = self.bytes.len() + 2 * self.depth;
        self.bytes.resize(indent, b' ');
    }

    /// Begins an object.
    fn open(&mut self) {
        self.push("{");
        self.depth += 1;
    }

    /// Ends an object.
    fn close(&mut self) {
        self.depth -= 1;
        self.line();
        self.push("}");
    }

    /// Begins a line with a key, behind what the object has already.
    fn key(&mut self, key: &str) {
        if self.bytes.last() != Some(&b'{') {
            self.push(",");
        }
        self.line();
        self.string(key);
        self.push(": ");
    }

    /// All of an entity but its children and its end.
    fn head(&mut self, entity: EntityRef<'_>, is_top: bool) {
        self.open();
        self.key("id");
        self.id(entity.id());
        self.key("type");
        self.string(entity.type_name());
        self.key("name");
        self.string(entity.name());
        if let Some(parent) = entity.parent().filter(|_| is_top) {
            self.key("parent");
            self.id(parent.id());
        }
        let mut any = false;
        for (field, value) in columns(entity) {
            if !any {
                any = true;
                self.key("fields");
                self.open();
            }
            self.key(&field.schema.name);
            self.value(value);
        }
        if any {
            self.close();
        }
    }

    fn value(&mut self, value: ValueRef<'_>) {
        match value {
            ValueRef::Int(value) => self.show(value),
            ValueRef::Float(value) if value.is_finite() => self.show(format_args!("{value:?}")),
            ValueRef::Float(value) => self.show(format_args!("\"{value}\"")),
            ValueRef::Bool(value) => self.show(value),
            ValueRef::String(text) | ValueRef::Transformation(text) | ValueRef::Choice(text) => {
                self.string(text);
            }
            ValueRef::BinaryFile(bytes) => {
                self.push("\"");
                for byte in bytes {
                    self.show(format_args!("{byte:02x}"));
                }
                self.push("\"");
            }
            ValueRef::EntityReference(id) => self.id(id),
            ValueRef::Timestamp(time) => self.show(format_args!("\"{time}\"")),
            ValueRef::EntityList(ids) => {
                self.push("[");
                for (at, id) in ids.iter().enumerate() {
                    self.push(if at == 0 { "" } else { ", " });
                    self.id(*id);
                }
                self.push("]");
            }
        }
    }

    fn id(&mut self, id: EntityId) {
        self.show(format_args!("\"{id}\""));
    }

    fn string(&mut self, text: &str) {
        self.push("\"");
        let mut plain = 0;
        for (at, byte) in text.bytes().enumerate() {
            if byte >= b' ' && byte != b'"' && byte != b'\\' {
                continue;
            }
            self.push(&text[plain..at]);
            plain = at + 1;
            match byte {
                b'\n' => self.push("\\n"),
                b'\t' => self.push("\\t"),
                b'"' | b'\\' => self.bytes.extend([b'\\', byte]),
                _ => self.show(format_args!("\\u{byte:04x}")),
            }
        }
        self.push(&text[plain..]);
        self.push("\"");
    }
}
