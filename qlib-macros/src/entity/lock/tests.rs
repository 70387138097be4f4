use super::Lock;
use super::find::named_file;
use super::text::LockFile;
use crate::common::Faults;
use crate::entity::derive;
use crate::testing::{faults, mistakes, pretty, shows, tokens};

const TEXT: &str = r#"# A comment.

[Lamp]
was = ["Bulb"]
doc = "Gives light."

[Lamp.Level]
kind = "Int"
required = true
default = 50
min = 0
max = 100
index = true
unit = "%"
doc = "How \"bright\"."

[Lamp.Maker]
kind = "String"
pattern = "[a-z]+"
max_length = 8
unique = true
configuration = true
write = "operator"
rank = -1
was = ["Brand", "Firm"]

[Lamp.Room]
kind = "EntityReference"
target = "Room"
on_delete = "cascade"

[Lamp.Heat]
kind = "Float"
required = true
min = 0.5
below = 9.0
history_keep = "2592000s"
history_min_interval = "1.5s"
history_deadband = 1.0

[Lamp.Mode]
kind = "Choice"
required = true
default = "Off"
choices = ["Off", "On"]
"#;

fn lock() -> Lock {
    Lock {
        watched: vec!["/home/Cargo.toml".into(), "/home/schema.toml".into()],
        file: Some(Ok(LockFile::new("schema.toml".to_owned(), TEXT))),
    }
}

/// A lamp as the lock has it, with other texts in some places.
fn lamp(changes: &[(&str, &str)]) -> String {
    let mut lamp = r#"
        /// Gives light.
        #[entity(was = "Bulb")]
        struct Lamp {
            /// How "bright".
            #[field(range(0..=100), default = 50, index, unit = "%", rank = 0)]
            level: i64,
            #[field(pattern = "[a-z]+", max_length = 8, unique, configuration)]
            #[field(access(write = "operator"), rank = -1, was = "Brand", was = "Firm")]
            maker: Option<String>,
            #[field(on_delete = "cascade")]
            room: Option<Ref<Room>>,
            #[field(range(LEAST..9.0), history(keep = "30d", min_interval = "1.5s", deadband = 1))]
            heat: f64,
            #[field(default = Mode::Off)]
            mode: Mode,
        }
    "#
    .to_owned();
    for (from, to) in changes {
        assert!(lamp.contains(from), "{from}");
        lamp = lamp.replace(from, to);
    }
    lamp
}

fn of_lock(input: &str) -> proc_macro2::TokenStream {
    derive(tokens(input), &lock())
}

#[test]
fn what_agrees_is_watched_and_checked_by_constants() {
    let lock = Lock {
        file: Some(Ok(LockFile::new(
            "schema.toml".to_owned(),
            "[Lamp]\nextends = \"Thing\"\n[Lamp.Mode]\nkind = \"Choice\"\nchoices = [\"Off\", \"On\"]\n[Lampshade]\n",
        ))),
        ..lock()
    };
    let input = "#[entity(extends = Thing)] struct Lamp { mode: Option<Mode> }";
    let expansion = pretty(derive(tokens(input), &lock));
    let of_lock = expansion.find("    let extended").unwrap();
    shows!(&expansion[of_lock..]);
}

#[test]
fn differences_point_at_the_word_that_differs() {
    let cases: [&[(&str, &str)]; 8] = [
        &[("LEAST..9.0", "0.75..=9.0")],
        &[
            ("default = 50", "default = 40"),
            ("0..=100", "1..200"),
            ("unit = \"%\", ", ""),
        ],
        &[
            ("max_length = 8, unique", "index"),
            ("\"[a-z]+\"", "\"[a-z]*\""),
            ("write = \"operator\"", "read = \"guest\""),
        ],
        &[
            ("rank = -1", "rank = 7"),
            (", was = \"Firm\"", ""),
            ("level:", "brightness:"),
        ],
        &[
            ("#[field(on_delete = \"cascade\")]", ""),
            ("30d", "7d"),
            ("deadband = 1", "deadband = 2.5"),
        ],
        &[
            ("Gives light", "Shines"),
            ("How \"bright\"", "How bright"),
            ("was = \"Bulb\"", "was = \"Tube\""),
        ],
        &[("struct Lamp", "struct Light")],
        &[
            ("was = \"Bulb\"", "was = \"Bulb\", extends = Thing"),
            ("default = Mode::Off", ""),
        ],
    ];
    let mut text = String::new();
    for changes in cases {
        text += &format!(
            "{changes:?}
"
        );
        let found = faults(of_lock(&lamp(changes)));
        assert!(!found.is_empty(), "{changes:?}");
        for (word, message) in found {
            text += &format!(
                "    {word}: {message}
"
            );
        }
    }
    shows!(text);
}

#[test]
fn what_is_unlocked_or_wrong_by_itself_is_not_compared() {
    let unlocked = lamp(&[("was = \"Bulb\"", "unlocked"), ("level: i64", "other: i64")]);
    let parsed = crate::entity::parse::parse(tokens(&unlocked), &mut Faults::default()).unwrap();
    let mut found = Faults::default();
    let lock = lock();
    let locked = lock.of(&parsed, &mut found);
    assert!(locked.is_none() && found.is_empty());
    let wrong = lamp(&[("default = 50", "default = 500")]);
    let [(word, message)] = &*faults(of_lock(&wrong)) else {
        panic!("one mistake, and no difference");
    };
    assert!(
        word == "500" && message.contains("outside the range"),
        "{message}"
    );
}

#[test]
fn a_lock_that_cannot_be_read_is_a_mistake_of_each_type() {
    let lock = Lock {
        file: Some(Err(
            "Cargo.toml names schema.toml, which is not there".to_owned()
        )),
        ..Lock::default()
    };
    shows!(mistakes(["struct Lamp {}"], |input| derive(
        tokens(input),
        &lock
    )));
}

#[test]
fn the_manifest_names_the_file() {
    let name = |text: &str| named_file(text);
    assert_eq!(name("[package]\nname = \"a\""), Ok(None));
    let table =
        "[package.metadata.qlib] # here\nschema = \"schema.toml\" # there\n[features]\nschema = []";
    assert_eq!(name(table), Ok(Some("schema.toml".to_owned())));
    assert_eq!(
        name("[features]\nqlib = []\n[dependencies.qlib]\nschema = \"x\""),
        Ok(None)
    );
    for other in [
        "[package.metadata]\nqlib = { schema = \"schema.toml\" }",
        "[package.metadata]\nqlib.schema = \"schema.toml\"",
        "[package]\nmetadata.qlib.schema = \"schema.toml\"",
        "[package.metadata.qlib]\nschema = 1",
    ] {
        assert!(name(other).unwrap_err().contains("as a table"), "{other}");
    }
    let key = name("[package.metadata.qlib]\nshcema = \"a\"").unwrap_err();
    assert!(key.contains("no key shcema"), "{key}");
}
