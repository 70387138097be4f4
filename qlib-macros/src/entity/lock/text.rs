//! The file, read as headings with lines below them: what they say is compared as text.

/// The file.
pub(crate) struct LockFile {
    /// Its name, as `Cargo.toml` has it.
    pub(crate) name: String,
    sections: Vec<Section>,
}

/// The lines below a heading.
pub(crate) struct Section {
    heading: String,
    lines: Vec<(String, String)>,
}

impl LockFile {
    pub(super) fn new(name: String, text: &str) -> Self {
        let mut sections: Vec<Section> = Vec::new();
        for line in text.lines().map(str::trim) {
            if line.starts_with('[') {
                sections.push(Section {
                    heading: line.to_owned(),
                    lines: Vec::new(),
                });
            } else if let (Some((key, value)), Some(section), false) = (
                line.split_once('='),
                sections.last_mut(),
                line.starts_with('#'),
            ) {
                let entry = (key.trim().to_owned(), value.trim().to_owned());
                section.lines.push(entry);
            }
        }
        Self { name, sections }
    }

    pub(super) fn section(&self, heading: &str) -> Option<&Section> {
        self.sections
            .iter()
            .find(|section| section.heading == heading)
    }

    /// The headings of a type's fields.
    pub(super) fn fields(&self, entity_type: &str) -> impl Iterator<Item = &str> {
        let prefix = field_prefix(entity_type);
        let headings = self.sections.iter().map(|section| section.heading.as_str());
        headings.filter(move |heading| heading.starts_with(&prefix))
    }

    /// The text of a type and its fields.
    pub(super) fn text(&self, entity_type: &str) -> String {
        let (own, prefix) = (heading(entity_type, None), field_prefix(entity_type));
        let of_type =
            |section: &&Section| section.heading == own || section.heading.starts_with(&prefix);
        let mut text = String::new();
        for section in self.sections.iter().filter(of_type) {
            text += &format!("{}\n", section.heading);
            for (key, value) in &section.lines {
                text += &format!("{key} = {value}\n");
            }
        }
        text
    }

    /// How to write the file anew.
    pub(super) fn command(&self) -> String {
        format!(
            "`QLIB_SCHEMA_LOCK=off cargo run -- schema export {}`",
            self.name
        )
    }
}

impl Section {
    /// What the section says of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        let mut lines = self.lines.iter();
        lines
            .find(|(known, _)| known == key)
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = (&str, &str)> {
        self.lines
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

/// The heading of a type or of a field.
pub(super) fn heading(entity_type: &str, field: Option<&str>) -> String {
    match field {
        Some(field) => format!("{}{}]", field_prefix(entity_type), key(field)),
        None => format!("[{}]", key(entity_type)),
    }
}

fn field_prefix(entity_type: &str) -> String {
    format!("[{}.", key(entity_type))
}

fn key(name: &str) -> String {
    let bare = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    if name.chars().all(bare) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// A text as the file has it.
pub(super) fn quoted(words: &str) -> String {
    let mut quoted = String::from('"');
    for letter in words.chars() {
        match letter {
            '"' => quoted += "\\\"",
            '\\' => quoted += "\\\\",
            '\n' => quoted += "\\n",
            '\t' => quoted += "\\t",
            letter if letter.is_control() => quoted += &format!("\\u{:04X}", u32::from(letter)),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// The words of a text that has no escapes but those of Rust.
pub(super) fn words(text: &str) -> Option<String> {
    syn::parse_str::<syn::LitStr>(text)
        .ok()
        .map(|text| text.value())
}
