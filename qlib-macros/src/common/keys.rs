//! The keys of an attribute: one list that reads them and that writes the messages about them.

use proc_macro2::TokenStream;

use crate::common::{Arg, Faults, Given, did_you_mean, list, split_args};

/// The keys that an attribute knows.
pub(crate) struct Keys<T: 'static> {
    /// What they are keys of, as messages show it: `#[field]`.
    pub(crate) of: &'static str,
    /// The keys, in the order in which messages list them.
    pub(crate) keys: &'static [Key<T>],
}

/// One key.
pub(crate) struct Key<T> {
    /// Its name.
    pub(crate) name: &'static str,
    /// Whether it takes a value.
    pub(crate) form: Form,
    /// Takes it in.
    pub(crate) take: fn(&mut T, Arg, &mut Faults),
}

/// How a key is written; the text is an example of what is given to it.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// `key`
    Flag,
    /// `key = value`
    Value(&'static str),
    /// `key` or `key = value`
    FlagOrValue(&'static str),
    /// `key(list)`
    List(&'static str),
    /// `key = value`, as often as wanted
    Values(&'static str),
}

impl<T> Key<T> {
    /// A key.
    pub(crate) const fn new(
        name: &'static str,
        form: Form,
        take: fn(&mut T, Arg, &mut Faults),
    ) -> Self {
        Self { name, form, take }
    }

    fn accepts(&self, given: &Given) -> bool {
        match given {
            Given::Nothing => matches!(self.form, Form::Flag | Form::FlagOrValue(_)),
            Given::Value(_) => {
                matches!(
                    self.form,
                    Form::Value(_) | Form::FlagOrValue(_) | Form::Values(_)
                )
            }
            Given::List(..) => matches!(self.form, Form::List(_)),
        }
    }

    fn usage(&self) -> String {
        let name = self.name;
        match self.form {
            Form::Flag => format!("`{name}` takes no value: write `{name}`"),
            Form::Value(value) | Form::Values(value) => {
                format!("`{name}` takes a value: write `{name} = {value}`")
            }
            Form::FlagOrValue(value) => format!("write `{name}` or `{name} = {value}`"),
            Form::List(list) => format!("`{name}` takes a list: write `{name}({list})`"),
        }
    }
}

impl<T> Keys<T> {
    /// Reads the arguments of an attribute into `target`.
    pub(crate) fn read(&self, tokens: TokenStream, target: &mut T, faults: &mut Faults) {
        self.read_all([tokens], target, faults);
    }

    /// Reads the arguments of several attributes of one item, as if they were one.
    pub(crate) fn read_all(
        &self,
        attributes: impl IntoIterator<Item = TokenStream>,
        target: &mut T,
        faults: &mut Faults,
    ) {
        let mut seen: Vec<&'static str> = Vec::new();
        for tokens in attributes {
            for arg in split_args(tokens, &self.expected(), faults) {
                self.read_one(arg, &mut seen, target, faults);
            }
        }
    }

    fn read_one(
        &self,
        arg: Arg,
        seen: &mut Vec<&'static str>,
        target: &mut T,
        faults: &mut Faults,
    ) {
        let Some(key) = self.keys.iter().find(|key| arg.key == key.name) else {
            faults.at(arg.key.span(), self.unknown(&arg.key.to_string()));
            return;
        };
        if seen.contains(&key.name) && !matches!(key.form, Form::Values(_)) {
            faults.at(
                arg.key.span(),
                format!("`{}` is given twice; keep one of them", key.name),
            );
            return;
        }
        seen.push(key.name);
        if key.accepts(&arg.given) {
            (key.take)(target, arg, faults);
        } else {
            faults.at(arg.key.span(), key.usage());
        }
    }

    fn expected(&self) -> String {
        let names = list(self.keys.iter().map(|key| key.name));
        match self.keys.len() {
            0 => format!("nothing here; write {}", self.of),
            1 => names,
            _ => format!("one of {names}"),
        }
    }

    fn unknown(&self, word: &str) -> String {
        let names = self.keys.iter().map(|key| key.name);
        let (of, expected) = (self.of, self.expected());
        match self.keys.len() {
            0 => format!("{of} has no keys; leave `{word}` out"),
            1 => format!("{of} has no key `{word}`; the only one is {expected}"),
            _ => {
                let close = did_you_mean(word, names);
                format!("{of} has no key `{word}`; expected {expected}{close}")
            }
        }
    }
}
