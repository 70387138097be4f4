//! Text to schemas.

use std::ops::Bound;
use std::time::Duration;

use smol_str::SmolStr;

use super::write::rule_name;
use crate::model::{
    Error, FieldSchema, HistoryPolicy, Kind, OnDelete, Range, Result, Schema, Scope, Value,
};

/// Why a line says nothing that a schema could say.
type Read<T> = std::result::Result<T, String>;

/// The lines below one heading.
struct Section {
    line: usize,
    names: Vec<String>,
    entries: Vec<Entry>,
}

struct Entry {
    line: usize,
    key: String,
    value: Raw,
}

/// A value as it was written.
enum Raw {
    Text(String),
    List(Vec<String>),
    /// A number, `true` or `false`.
    Word(String),
}

impl Schema {
    /// The types of a file that [`Schema::write_all`] wrote.
    ///
    /// # Errors
    /// [`Error::SchemaFile`], which names the line.
    pub fn read_all(text: &str) -> Result<Vec<Self>> {
        let mut schemas: Vec<Self> = Vec::new();
        for section in sections(text)? {
            let at = |line: usize, reason: String| Error::SchemaFile {
                line,
                reason: reason.into(),
            };
            match &*section.names {
                [name] => {
                    let mut schema = Self::new(name.as_str());
                    for entry in &section.entries {
                        set_type(&mut schema, entry).map_err(|reason| at(entry.line, reason))?;
                    }
                    schemas.push(schema);
                }
                [entity_type, name] => {
                    let known = schemas.iter_mut().find(|known| known.name == *entity_type);
                    let Some(schema) = known else {
                        let reason = format!("the type {entity_type} has no heading before this");
                        return Err(at(section.line, reason));
                    };
                    let kind = section.entries.first().map(kind);
                    let Some(Ok(kind)) = kind else {
                        return Err(at(section.line, kind_first()));
                    };
                    let mut field = FieldSchema::new(kind);
                    for entry in &section.entries[1..] {
                        set_field(&mut field, entry).map_err(|reason| at(entry.line, reason))?;
                    }
                    *schema = std::mem::replace(schema, Self::new("")).field(name.as_str(), field);
                }
                _ => {
                    let reason = "a heading is [Type] or [Type.Field]".to_owned();
                    return Err(at(section.line, reason));
                }
            }
        }
        Ok(schemas)
    }
}

fn set_type(schema: &mut Schema, entry: &Entry) -> Read<()> {
    match entry.key.as_str() {
        "extends" => schema.base = Some(entry.text()?),
        "was" => schema.was = entry.list()?,
        "doc" => schema.doc = entry.text()?,
        other => return Err(format!("a type has no key {other}")),
    }
    Ok(())
}

fn kind_first() -> String {
    let kinds = Kind::ALL.map(Kind::name).join(", ");
    format!("a field's first line is its kind, one of {kinds}")
}

fn kind(entry: &Entry) -> Read<Kind> {
    let name = entry.text()?;
    let mut kinds = Kind::ALL.into_iter();
    let known = kinds.find(|kind| entry.key == "kind" && kind.name() == name);
    known.ok_or_else(kind_first)
}

fn set_field(field: &mut FieldSchema, entry: &Entry) -> Read<()> {
    let open = || Range {
        min: Bound::Unbounded,
        max: Bound::Unbounded,
    };
    let kind = field.kind;
    let end = || value(kind, entry);
    match entry.key.as_str() {
        // It says what a reference does when its entity is deleted, unless `on_delete` says else.
        "required" if entry.flag()? => *field = field.clone().required(),
        "required" => {}
        "default" => field.default = Some(end()?),
        "min" => field.range.get_or_insert_with(open).min = Bound::Included(end()?),
        "above" => field.range.get_or_insert_with(open).min = Bound::Excluded(end()?),
        "max" => field.range.get_or_insert_with(open).max = Bound::Included(end()?),
        "below" => field.range.get_or_insert_with(open).max = Bound::Excluded(end()?),
        "choices" => field.choices = entry.list()?,
        "pattern" => field.pattern = Some(entry.text()?),
        "max_length" => field.max_length = Some(entry.number()?),
        "unique" => field.unique = entry.flag()?,
        "index" => field.index = entry.flag()?,
        "target" => field.target = Some(entry.text()?),
        "on_delete" => {
            let name = entry.text()?;
            let mut rules = [OnDelete::Refuse, OnDelete::Unset, OnDelete::Cascade].into_iter();
            let rule = rules.find(|rule| rule_name(*rule) == name);
            field.on_delete = rule.ok_or("a rule is refuse, unset or cascade")?;
        }
        "configuration" if entry.flag()? => field.scope = Scope::Configuration,
        "configuration" => {}
        "read" => field.access.read = Some(entry.text()?),
        "write" => field.access.write = Some(entry.text()?),
        "history_keep" => {
            field.history = Some(HistoryPolicy {
                keep: entry.duration()?,
                min_interval: None,
                deadband: None,
            });
        }
        "history_min_interval" => history(field)?.min_interval = Some(entry.duration()?),
        "history_deadband" => history(field)?.deadband = Some(entry.number()?),
        "rank" => field.rank = entry.number()?,
        "unit" => field.unit = entry.text()?,
        "was" => field.was = entry.list()?,
        "doc" => field.doc = entry.text()?,
        other => return Err(format!("a field has no key {other}")),
    }
    Ok(())
}

fn history(field: &mut FieldSchema) -> Read<&mut HistoryPolicy> {
    let policy = field.history.as_mut();
    policy.ok_or_else(|| "history_keep comes before the others of a history".to_owned())
}

fn value(kind: Kind, entry: &Entry) -> Read<Value> {
    let id = |text: &str| text.parse().map_err(|error: Error| error.to_string());
    Ok(match kind {
        Kind::Int => Value::Int(entry.number()?),
        Kind::Float => Value::Float(entry.number()?),
        Kind::Bool => Value::Bool(entry.flag()?),
        Kind::String => Value::String(entry.text()?),
        Kind::Transformation => Value::Transformation(entry.text()?),
        Kind::Choice => Value::Choice(entry.text()?),
        Kind::BinaryFile => Value::BinaryFile(bytes(&entry.text()?)?.into()),
        Kind::EntityReference => Value::EntityReference(id(&entry.text()?)?),
        Kind::Timestamp => {
            let time = entry.text()?.parse();
            Value::Timestamp(time.map_err(|error: Error| error.to_string())?)
        }
        Kind::EntityList => {
            let ids: Read<Vec<_>> = entry.list()?.iter().map(|text| id(text)).collect();
            Value::from(ids?)
        }
    })
}

fn bytes(hex: &str) -> Read<Vec<u8>> {
    let byte = |at: usize| {
        let pair = hex.get(at..at + 2)?;
        u8::from_str_radix(pair, 16).ok()
    };
    let bytes: Option<_> = (0..hex.len()).step_by(2).map(byte).collect();
    bytes.ok_or_else(|| {
        format!("{hex:?} is no list of bytes; write two hexadecimal digits for each")
    })
}

impl Entry {
    fn wrong(&self, what: &str) -> String {
        format!("{} takes {what}", self.key)
    }

    fn text(&self) -> Read<SmolStr> {
        match &self.value {
            Raw::Text(text) => Ok(text.into()),
            _ => Err(self.wrong("a text in quotes")),
        }
    }

    fn list(&self) -> Read<Vec<SmolStr>> {
        match &self.value {
            Raw::List(words) => Ok(words.iter().map(Into::into).collect()),
            _ => Err(self.wrong("a list of texts in brackets")),
        }
    }

    fn flag(&self) -> Read<bool> {
        self.number().map_err(|_| self.wrong("true or false"))
    }

    /// A number, or another word that is written without quotes.
    fn number<T: std::str::FromStr>(&self) -> Read<T> {
        match &self.value {
            Raw::Word(word) => word
                .parse()
                .map_err(|_| self.wrong("another kind of number")),
            _ => Err(self.wrong("a number")),
        }
    }

    /// A time as Rust writes it: `1.5s`, `300ms`.
    fn duration(&self) -> Read<Duration> {
        let text = self.text()?;
        let unit = text.find(char::is_alphabetic).unwrap_or(text.len());
        let (number, unit) = text.split_at(unit);
        let nanos = match unit {
            "s" => 1_000_000_000,
            "ms" => 1_000_000,
            "µs" => 1_000,
            "ns" => 1,
            _ => 0,
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let part = format!("{part:0<9}");
        let time = || {
            let whole: u64 = whole.parse().ok()?;
            let part: u64 = part.get(..9)?.parse().ok()?;
            let part = u64::try_from(u128::from(part) * u128::from(nanos) / 1_000_000_000).ok()?;
            Some(Duration::from_nanos(
                whole.checked_mul(nanos)?.checked_add(part)?,
            ))
        };
        let time = time().filter(|_| nanos > 0);
        time.ok_or_else(|| self.wrong("a time such as \"1.5s\""))
    }
}

fn sections(text: &str) -> Result<Vec<Section>> {
    let mut sections: Vec<Section> = Vec::new();
    for (line, words) in text.lines().enumerate() {
        let (line, words) = (line + 1, words.trim());
        if words.is_empty() || words.starts_with('#') {
            continue;
        }
        let read = match words
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            Some(names) => names_of(names).map(|names| {
                sections.push(Section {
                    line,
                    names,
                    entries: Vec::new(),
                });
            }),
            None => entry(line, words).and_then(|entry| {
                let section = sections
                    .last_mut()
                    .ok_or("a heading is missing above this line")?;
                if section.entries.iter().any(|known| known.key == entry.key) {
                    return Err(format!("{} is given twice", entry.key));
                }
                section.entries.push(entry);
                Ok(())
            }),
        };
        read.map_err(|reason| Error::SchemaFile {
            line,
            reason: reason.into(),
        })?;
    }
    Ok(sections)
}

/// The names of a heading, which dots separate.
fn names_of(mut text: &str) -> Read<Vec<String>> {
    let mut names = Vec::new();
    loop {
        let (name, rest) = if text.starts_with('"') {
            quoted(text)?
        } else {
            let end = text.find('.').unwrap_or(text.len());
            (text[..end].to_owned(), &text[end..])
        };
        names.push(name);
        match rest.strip_prefix('.') {
            Some(rest) => text = rest,
            None if rest.is_empty() => return Ok(names),
            None => return Err("a dot is missing between two names".to_owned()),
        }
    }
}

fn entry(line: usize, words: &str) -> Read<Entry> {
    let (key, value) = words.split_once('=').ok_or("a line is `key = value`")?;
    let value = value.trim();
    let value = if value.starts_with('"') {
        let (text, rest) = quoted(value)?;
        if !rest.is_empty() {
            return Err(format!("{rest:?} follows the text"));
        }
        Raw::Text(text)
    } else if let Some(list) = value
        .strip_prefix('[')
        .and_then(|list| list.strip_suffix(']'))
    {
        Raw::List(words_of(list)?)
    } else {
        Raw::Word(value.to_owned())
    };
    Ok(Entry {
        line,
        key: key.trim().to_owned(),
        value,
    })
}

fn words_of(mut list: &str) -> Read<Vec<String>> {
    let mut words = Vec::new();
    while !list.trim().is_empty() {
        let (word, rest) = quoted(list.trim_start())?;
        words.push(word);
        list = rest.trim_start();
        list = match list.strip_prefix(',') {
            Some(rest) => rest,
            None if list.is_empty() => list,
            None => return Err("a comma is missing between two texts".to_owned()),
        };
    }
    Ok(words)
}

/// A text in quotes, and what follows it.
fn quoted(text: &str) -> Read<(String, &str)> {
    let rest = text.strip_prefix('"').ok_or("a text begins with a quote")?;
    let mut letters = rest.char_indices();
    let mut words = String::new();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Ok((words, &rest[at + 1..])),
            '\\' => words.push(match letters.next().map(|(_, escaped)| escaped) {
                Some('n') => '\n',
                Some('t') => '\t',
                Some(same @ ('"' | '\\')) => same,
                Some('u') => {
                    let code: String = letters.by_ref().take(4).map(|(_, digit)| digit).collect();
                    let code = u32::from_str_radix(&code, 16).ok();
                    let letter = code.and_then(char::from_u32);
                    letter.ok_or("`\\u` is followed by four hexadecimal digits of a letter")?
                }
                _ => return Err("after `\\` stands one of \" \\ n t u".to_owned()),
            }),
            letter => words.push(letter),
        }
    }
    Err("a text ends with a quote".to_owned())
}
