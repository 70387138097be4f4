//! Text to entities.

use std::io::Read;
use std::sync::Arc;

use smol_str::SmolStr;

use super::lexer::{Lexed, Lexer, Token};
use crate::model::{
    EntityId, Error, Image, ImageEntity, ImageField, Kind, Op, Quality, Result, Timestamp, TypeId,
    Value,
};
use crate::tree::Tree;

/// An entity and all below it, as a text said them: parents before their children.
#[derive(Debug)]
pub(crate) struct Imported {
    entities: Vec<ImageEntity>,
}

/// What is read, and how far reading came.
struct Reader<'a, R> {
    tree: &'a Tree,
    lexer: Lexer<R>,
    writer: SmolStr,
    /// The entity and the field that are being read.
    name: SmolStr,
    field: String,
}

impl Imported {
    /// Reads a text that names types of `tree`; its values are those of `writer`.
    ///
    /// # Errors
    /// [`Error::Import`]
    pub(crate) fn read(tree: &Tree, input: impl Read, writer: &SmolStr) -> Result<Self> {
        let mut reader = Reader {
            tree,
            lexer: Lexer::new(input),
            writer: writer.clone(),
            name: SmolStr::default(),
            field: String::new(),
        };
        reader.entities().map_err(|reason| Error::Import {
            line: reader.lexer.line(),
            entity: reader.name.clone(),
            field: reader.field.as_str().into(),
            reason: reason.into(),
        })
    }

    /// The commit that puts these entities in place of the first one and all below it.
    pub(crate) fn op(self, now: Timestamp) -> Op {
        let mut image = Image {
            entities: self.entities,
            ..Image::default()
        };
        for entity in &mut image.entities {
            entity.fields.iter_mut().for_each(|field| field.time = now);
        }
        Op::Restore {
            only: image.entities.first().map(|top| top.id),
            image: Arc::new(image),
        }
    }
}

impl<R: Read> Reader<'_, R> {
    fn entities(&mut self) -> Lexed<Imported> {
        let mut entities: Vec<ImageEntity> = Vec::new();
        let mut open: Vec<EntityId> = Vec::new();
        self.expect(b'{')?;
        loop {
            let (entity, has_children) = self.entity(open.last().copied())?;
            let id = entity.id;
            entities.push(entity);
            if has_children {
                match self.lexer.next()? {
                    Token::Mark(b'{') => {
                        open.push(id);
                        continue;
                    }
                    Token::Mark(b']') => self.expect(b'}')?,
                    _ => return Err("a child begins with {".to_owned()),
                }
            }
            while !open.is_empty() && !self.has_sibling()? {
                open.pop();
            }
            if open.is_empty() {
                break;
            }
        }
        match self.lexer.next()? {
            Token::End => Ok(Imported { entities }),
            _ => Err("something follows the last }".to_owned()),
        }
    }

    /// Whether another child begins; else its parent ends.
    fn has_sibling(&mut self) -> Lexed<bool> {
        match self.lexer.next()? {
            Token::Mark(b',') => self.expect(b'{').map(|()| true),
            Token::Mark(b']') => self.expect(b'}').map(|()| false),
            _ => Err("after a child stands a comma or ]".to_owned()),
        }
    }

    /// The entity whose first brace was read, up to its end or to the bracket of its children.
    fn entity(&mut self, parent: Option<EntityId>) -> Lexed<(ImageEntity, bool)> {
        let (mut id, mut entity_type, mut name, mut above) = (None, None, None, parent);
        let mut fields = Vec::new();
        self.name = SmolStr::default();
        let has_children = loop {
            let key = self.string("a key in quotes")?;
            self.expect(b':')?;
            match key.as_str() {
                "id" => id = Some(self.id()?),
                "type" => entity_type = Some(self.entity_type()?),
                "name" => {
                    self.name = self.string("a name in quotes")?.into();
                    name = Some(self.name.clone());
                }
                "parent" if parent.is_none() => above = Some(self.id()?),
                "fields" => {
                    let known = entity_type.ok_or("its type stands before its fields")?;
                    fields = self.fields(known)?;
                }
                "children" => {
                    self.expect(b'[')?;
                    break true;
                }
                other => return Err(format!("an entity has no key {other:?} here")),
            }
            match self.lexer.next()? {
                Token::Mark(b',') => {}
                Token::Mark(b'}') => break false,
                _ => return Err("after a value stands a comma or }".to_owned()),
            }
        };
        let entity = ImageEntity {
            id: id.ok_or("an entity has an id, before its children")?,
            entity_type: self
                .tree
                .type_name(entity_type.ok_or("an entity has a type")?)
                .clone(),
            name: name.ok_or("an entity has a name, before its children")?,
            parent: above,
            fields,
        };
        if entity.parent.is_none() && entity.id != EntityId::ROOT {
            return Err("the first entity names its parent, or is the Root".to_owned());
        }
        Ok((entity, has_children))
    }

    fn entity_type(&mut self) -> Lexed<TypeId> {
        let name = self.string("the name of a type")?;
        self.tree.type_id(&name).map_err(|error| error.to_string())
    }

    fn fields(&mut self, entity_type: TypeId) -> Lexed<Vec<ImageField>> {
        let mut fields: Vec<ImageField> = Vec::new();
        self.expect(b'{')?;
        loop {
            self.field = self.string("the name of a field")?;
            self.expect(b':')?;
            let known = self.tree.field_id(entity_type, &self.field);
            let known = known.map_err(|error| error.to_string())?;
            let Some(schema) = self.tree.field_schema(entity_type, known) else {
                return Err("it stands beside the fields".to_owned());
            };
            if fields.iter().any(|field| field.name == schema.name) {
                return Err("it is given twice".to_owned());
            }
            fields.push(ImageField {
                name: schema.name.clone(),
                value: self.value(schema.kind)?,
                time: Timestamp::EPOCH,
                writer: self.writer.clone(),
                quality: Quality::Restored,
            });
            self.field.clear();
            match self.lexer.next()? {
                Token::Mark(b',') => {}
                Token::Mark(b'}') => return Ok(fields),
                _ => return Err("after a value stands a comma or }".to_owned()),
            }
        }
    }

    fn value(&mut self, kind: Kind) -> Lexed<Value> {
        Ok(match kind {
            Kind::Int => Value::Int(self.word("a whole number of 64 bits")?),
            Kind::Float => match self.lexer.next()? {
                Token::Word(word) => Value::Float(number(&word)?),
                Token::Text(text) if ["inf", "-inf"].contains(&text.as_str()) => {
                    Value::Float(number(&text)?)
                }
                _ => return Err("write a number".to_owned()),
            },
            Kind::Bool => Value::Bool(self.word("true or false")?),
            Kind::String => Value::String(self.string("a text in quotes")?.into()),
            Kind::Transformation => {
                Value::Transformation(self.string("a script in quotes")?.into())
            }
            Kind::Choice => Value::Choice(self.string("a variant in quotes")?.into()),
            Kind::BinaryFile => {
                let text = self.string("hexadecimal digits in quotes")?;
                Value::BinaryFile(bytes(&text).ok_or("write two hexadecimal digits a byte")?)
            }
            Kind::EntityReference => Value::EntityReference(self.id()?),
            Kind::Timestamp => {
                let time = self.string("a time in quotes")?.parse();
                Value::Timestamp(time.map_err(|error: Error| error.to_string())?)
            }
            Kind::EntityList => self.ids()?.into(),
        })
    }

    fn ids(&mut self) -> Lexed<Vec<EntityId>> {
        let mut ids = Vec::new();
        self.expect(b'[')?;
        loop {
            match self.lexer.next()? {
                Token::Mark(b']') if ids.is_empty() => return Ok(ids),
                Token::Text(text) => ids.push(id(&text)?),
                _ => return Err("write a list of ids in quotes".to_owned()),
            }
            match self.lexer.next()? {
                Token::Mark(b',') => {}
                Token::Mark(b']') => return Ok(ids),
                _ => return Err("after an id stands a comma or ]".to_owned()),
            }
        }
    }

    fn id(&mut self) -> Lexed<EntityId> {
        id(&self.string("an id in quotes")?)
    }

    fn string(&mut self, what: &str) -> Lexed<String> {
        match self.lexer.next()? {
            Token::Text(text) => Ok(text),
            _ => Err(format!("write {what}")),
        }
    }

    fn word<T: std::str::FromStr>(&mut self, what: &str) -> Lexed<T> {
        let wrong = || format!("write {what}");
        match self.lexer.next()? {
            Token::Word(word) => word.parse().map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }

    fn expect(&mut self, mark: u8) -> Lexed<()> {
        match self.lexer.next()? {
            Token::Mark(found) if found == mark => Ok(()),
            _ => Err(format!("{} is missing", char::from(mark))),
        }
    }
}

fn id(text: &str) -> Lexed<EntityId> {
    text.parse().map_err(|error: Error| error.to_string())
}

/// A number; words that Rust takes for one too are none.
fn number(text: &str) -> Lexed<f64> {
    let number = text.parse().ok().filter(|number: &f64| !number.is_nan());
    number.ok_or_else(|| format!("{text} is no number"))
}

fn bytes(hex: &str) -> Option<std::sync::Arc<[u8]>> {
    let byte = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
    (0..hex.len()).step_by(2).map(byte).collect()
}
