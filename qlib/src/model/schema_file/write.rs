//! Schemas to text.

use std::fmt::Write;
use std::ops::Bound;

use smol_str::SmolStr;

use crate::model::{FieldSchema, Kind, OnDelete, Schema, Scope, Value};

/// What a type or a field says of itself, as keys and values of the file. What is as it is unless
/// somebody says else is left out.
pub(crate) type Entries = Vec<(&'static str, String)>;

/// What a type says of itself, but for its fields.
pub(crate) fn type_entries(schema: &Schema) -> Entries {
    let mut entries = Entries::new();
    let mut add = |key, value: Option<String>| entries.extend(value.map(|value| (key, value)));
    add("extends", schema.base.as_deref().map(text));
    add("was", list(&schema.was));
    add("doc", non_empty(&schema.doc));
    entries
}

/// What a field says of itself.
pub(crate) fn field_entries(field: &FieldSchema) -> Entries {
    let mut entries = vec![("kind", text(field.kind.name()))];
    let mut add = |key, value: Option<String>| entries.extend(value.map(|value| (key, value)));
    let flag = |set: bool| set.then(|| "true".to_owned());
    add("required", flag(field.required));
    add("default", field.default.as_ref().map(value));
    if let Some(range) = &field.range {
        for (bound, inclusive, exclusive) in
            [(&range.min, "min", "above"), (&range.max, "max", "below")]
        {
            match bound {
                Bound::Included(end) => add(inclusive, Some(value(end))),
                Bound::Excluded(end) => add(exclusive, Some(value(end))),
                Bound::Unbounded => {}
            }
        }
    }
    add("choices", list(&field.choices));
    add("pattern", field.pattern.as_deref().map(text));
    add("max_length", field.max_length.map(|most| most.to_string()));
    add("unique", flag(field.unique));
    add("index", flag(field.index));
    add("target", field.target.as_deref().map(text));
    let otherwise = usual_rule(field.kind, field.required);
    let rule = (field.on_delete != otherwise).then(|| text(rule_name(field.on_delete)));
    add("on_delete", rule);
    add("configuration", flag(field.scope == Scope::Configuration));
    add("read", field.access.read.as_deref().map(text));
    add("write", field.access.write.as_deref().map(text));
    if let Some(history) = &field.history {
        add("history_keep", Some(format!("\"{:?}\"", history.keep)));
        let least = history.min_interval;
        add(
            "history_min_interval",
            least.map(|least| format!("\"{least:?}\"")),
        );
        add(
            "history_deadband",
            history.deadband.map(|band| format!("{band:?}")),
        );
    }
    add("rank", (field.rank != 0).then(|| field.rank.to_string()));
    add("unit", non_empty(&field.unit));
    add("was", list(&field.was));
    add("doc", non_empty(&field.doc));
    entries
}

/// What happens to a reference unless somebody says else.
pub(super) fn usual_rule(kind: Kind, required: bool) -> OnDelete {
    if required && kind == Kind::EntityReference {
        OnDelete::Refuse
    } else {
        OnDelete::Unset
    }
}

pub(super) const fn rule_name(rule: OnDelete) -> &'static str {
    match rule {
        OnDelete::Refuse => "refuse",
        OnDelete::Unset => "unset",
        OnDelete::Cascade => "cascade",
    }
}

/// The heading above what a type, or a field of it, says of itself.
fn heading(entity_type: &str, field: Option<&str>) -> String {
    match field {
        Some(field) => format!("[{}.{}]", key(entity_type), key(field)),
        None => format!("[{}]", key(entity_type)),
    }
}

impl Schema {
    /// Types as a text file that people can read and that diffs well: TOML, by the name of the type
    /// and in the order of its fields. [`Schema::read_all`] reads it.
    ///
    /// ```
    /// use qlib::{FieldSchema, Kind, Schema};
    ///
    /// let level = FieldSchema::new(Kind::Int).range(0..=100).default_value(50).required();
    /// let lamps = [Schema::new("Lamp").doc("Gives light.").field("Level", level)];
    /// let text = Schema::write_all(&lamps);
    /// assert_eq!(
    ///     text,
    ///     r#"[Lamp]
    /// doc = "Gives light."
    ///
    /// [Lamp.Level]
    /// kind = "Int"
    /// required = true
    /// default = 50
    /// min = 0
    /// max = 100
    /// "#
    /// );
    /// assert_eq!(Schema::read_all(&text)?, lamps);
    /// # Ok::<(), qlib::Error>(())
    /// ```
    #[must_use]
    pub fn write_all(schemas: &[Self]) -> String {
        let mut by_name: Vec<&Self> = schemas.iter().collect();
        by_name.sort_by_key(|schema| &schema.name);
        let mut sections = Vec::new();
        for schema in by_name {
            sections.push(section(heading(&schema.name, None), &type_entries(schema)));
            for field in &schema.fields {
                let heading = heading(&schema.name, Some(&field.name));
                sections.push(section(heading, &field_entries(field)));
            }
        }
        sections.join("\n")
    }
}

fn section(mut text: String, entries: &Entries) -> String {
    text.push('\n');
    for (key, value) in entries {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{key} = {value}");
    }
    text
}

fn value(value: &Value) -> String {
    match value {
        Value::Int(value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        Value::Bool(value) => value.to_string(),
        Value::String(value) | Value::Transformation(value) | Value::Choice(value) => text(value),
        Value::BinaryFile(bytes) => {
            let hex = bytes.iter().map(|byte| format!("{byte:02x}"));
            text(&hex.collect::<String>())
        }
        Value::EntityReference(id) => text(&id.to_string()),
        Value::Timestamp(time) => text(&time.to_string()),
        Value::EntityList(ids) => {
            let ids: Vec<_> = ids.iter().map(|id| text(&id.to_string())).collect();
            format!("[{}]", ids.join(", "))
        }
    }
}

fn non_empty(words: &str) -> Option<String> {
    (!words.is_empty()).then(|| text(words))
}

fn list(words: &[SmolStr]) -> Option<String> {
    let quoted: Vec<_> = words.iter().map(|word| text(word)).collect();
    (!words.is_empty()).then(|| format!("[{}]", quoted.join(", ")))
}

/// A name as a key: quoted where it has other letters than those of a bare one.
fn key(name: &str) -> String {
    let bare = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    if !name.is_empty() && name.chars().all(bare) {
        name.to_owned()
    } else {
        text(name)
    }
}

/// A basic string of TOML.
fn text(words: &str) -> String {
    let mut quoted = String::from('"');
    for letter in words.chars() {
        match letter {
            '"' => quoted += "\\\"",
            '\\' => quoted += "\\\\",
            '\n' => quoted += "\\n",
            '\t' => quoted += "\\t",
            letter if letter.is_control() => {
                quoted += &format!("\\u{:04X}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}
