//! The keys of the attributes of events.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::quote;
use syn::LitStr;
use syn::spanned::Spanned;

use super::context;
use super::durable::{self, CATCH_UP, DURABLE, PERSISTENT};
use crate::common::{
    Arg, Faults, Form, Given, Key, Keys, Library, Number, Period, distance, duration, number,
    split_commas,
};
use crate::handler::model::{Call, Context, Event};

/// What the keys say.
#[derive(Default)]
pub(super) struct Options {
    /// `crate = path`
    pub(super) library: Option<Library>,
    /// What the definition of the handler is told.
    pub(super) calls: Vec<Call>,
    /// The values that are read with the change.
    pub(super) context: Vec<Context>,
    /// The condition.
    pub(super) when: Option<TokenStream>,
    /// The handler acts in the leader only.
    pub(super) leads: bool,
    /// The name of its durable cursor.
    pub(super) cursor: Option<LitStr>,
    pub(super) qlib: Library,
    writes: Option<Ident>,
    deadband: Option<Ident>,
}

const CONTEXT: Key<Options> = Key::new(
    "context",
    Form::List("name = Device.Name"),
    |options, arg, faults| {
        let Given::List(list, place) = arg.given else {
            return;
        };
        options.context = context::parse(list, place, faults);
    },
);
const WHEN: Key<Options> = Key::new(
    "when",
    Form::List("current > 80.0"),
    |options, arg, faults| {
        let Given::List(condition, place) = arg.given else {
            return;
        };
        if condition.is_empty() {
            faults.at(
                place,
                "the condition is empty; write one, as in `when(current > 80.0)`",
            );
        }
        if let Some((place, message)) = no_expression(&condition) {
            faults.at(place, message);
        }
        if let Some(word) = unseen(&condition) {
            faults.at(
                word.span(),
                format!("a condition does not see `{word}`; write `current`, `previous` or the name of a `context` value"),
            );
        }
        options.when = Some(condition);
    },
);
/// Where and why a condition is not one expression; as the body of a closure it would make the
/// compiler speak of code that nobody wrote.
fn no_expression(condition: &TokenStream) -> Option<(Span, &'static str)> {
    if let Some(second) = split_commas(condition.clone()).get(1) {
        let message = "`when` takes one condition; join several with `&&`";
        return Some((second.span(), message));
    }
    let mut tokens = condition.clone().into_iter();
    match tokens.next()? {
        TokenTree::Ident(word) if word == "let" => {
            let message =
                "a condition is true or false; write `matches!(current, …)` to look at a pattern";
            return Some((word.span(), message));
        }
        _ => {}
    }
    let end =
        tokens.find(|token| matches!(token, TokenTree::Punct(sign) if sign.as_char() == ';'))?;
    let message = "a condition is one expression; put statements in braces, as in `when({ …; … })`";
    Some((end.span(), message))
}

/// What a condition uses as if it stood in the handler: `change.current()`, `self.limit`.
fn unseen(condition: &TokenStream) -> Option<Ident> {
    let tokens: Vec<_> = condition.clone().into_iter().collect();
    let is_dot = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(sign)) if sign.as_char() == '.');
    tokens
        .iter()
        .enumerate()
        .find_map(|(at, token)| match token {
            TokenTree::Ident(word) => {
                let first = at
                    .checked_sub(1)
                    .is_none_or(|before| !is_dot(tokens.get(before)));
                let taken = ["change", "cx", "self"].iter().any(|name| word == name);
                (taken && first && is_dot(tokens.get(at + 1))).then(|| word.clone())
            }
            TokenTree::Group(group) => unseen(&group.stream()),
            _ => None,
        })
}

const WRITES: Key<Options> = Key::new("writes", Form::Flag, |options, arg, _| {
    options.writes = Some(arg.key.clone());
    options.call(arg.key, TokenStream::new());
});
const INITIAL: Key<Options> = flag("initial");
const LATEST: Key<Options> = flag("latest");
const OWN: Key<Options> = flag("own");
const KEYED: Key<Options> = flag("keyed");
const LEADER: Key<Options> = Key::new("leader", Form::Flag, |options, arg, _| {
    options.leads = true;
    options.call(arg.key, TokenStream::new());
});
const AFTER_DURABLE: Key<Options> = flag("after_durable");
const MIN_INTERVAL: Key<Options> = time("min_interval", "\"100ms\"");
const DEADBAND: Key<Options> = Key::new("deadband", Form::Value("0.5"), |options, arg, faults| {
    let Given::Value(value) = arg.given else {
        return;
    };
    options.deadband = Some(arg.key.clone());
    if let Some(distance) = distance(&value, &options.qlib, faults) {
        options.call(arg.key, distance);
    }
});
const RETRY: Key<Options> = Key::new("retry", Form::List("times = 5"), |options, arg, faults| {
    let Given::List(list, _) = arg.given else {
        return;
    };
    let mut retry = Retry {
        qlib: options.qlib.clone(),
        ..Retry::default()
    };
    RETRY_KEYS.read(list, &mut retry, faults);
    if let (Some((_, first)), Some((key, most))) = (&retry.first, &retry.max)
        && first > most
    {
        faults.at(
            key.span(),
            "the longest pause is shorter than the first one; write a longer `max`",
        );
    }
    let (qlib, calls) = (&options.qlib, &retry.calls);
    options.call(arg.key, quote!(#qlib::Retry::new() #calls));
});
const LIMIT: Key<Options> = time("limit", "\"10s\"");
const CRATE: Key<Options> = Key::new("crate", Form::Value("path"), |options, arg, faults| {
    options.library.get_or_insert_default().take(arg, faults);
});

const CHANGE: Keys<Options> = Keys {
    of: "`#[on_change]`",
    keys: &[
        CONTEXT,
        WHEN,
        WRITES,
        INITIAL,
        LATEST,
        OWN,
        KEYED,
        LEADER,
        DURABLE,
        AFTER_DURABLE,
        MIN_INTERVAL,
        DEADBAND,
        RETRY,
        LIMIT,
        CRATE,
    ],
};
const ENTITY: &[Key<Options>] = &[
    OWN,
    KEYED,
    LEADER,
    DURABLE,
    AFTER_DURABLE,
    RETRY,
    LIMIT,
    CRATE,
];
const CREATE: Keys<Options> = Keys {
    of: "`#[on_create]`",
    keys: ENTITY,
};
const DELETE: Keys<Options> = Keys {
    of: "`#[on_delete]`",
    keys: ENTITY,
};
const MOVE: Keys<Options> = Keys {
    of: "`#[on_move]`",
    keys: ENTITY,
};
const SIGNAL: Keys<Options> = Keys {
    of: "`#[on_signal]`",
    keys: &[LEADER, RETRY, LIMIT, CRATE],
};
const EVERY: Keys<Options> = Keys {
    of: "`#[every]`",
    keys: &[LEADER, PERSISTENT, CATCH_UP, LIMIT, CRATE],
};

/// The keys of an event's attribute.
const fn keys(event: Event) -> Keys<Options> {
    const fn plain(of: &'static str) -> Keys<Options> {
        Keys { of, keys: &[CRATE] }
    }
    match event {
        Event::Change => CHANGE,
        Event::Create => CREATE,
        Event::Delete => DELETE,
        Event::Move => MOVE,
        Event::Signal => SIGNAL,
        Event::Every => EVERY,
        Event::Init => Keys {
            of: "`#[init]`",
            keys: &[],
        },
        Event::Deinit => Keys {
            of: "`#[deinit]`",
            keys: &[],
        },
        Event::Schema => plain("`#[on_schema]`"),
        Event::Leader => plain("`#[on_leader]`"),
        Event::Follower => plain("`#[on_follower]`"),
        Event::LosingLeadership => plain("`#[on_losing_leadership]`"),
        Event::Resync => plain("`#[on_resync]`"),
        Event::Lagged => plain("`#[on_lagged]`"),
    }
}

/// Whether an argument begins with a key.
pub(super) fn is_key(event: Event, part: &TokenStream) -> bool {
    let mut tokens = part.clone().into_iter();
    let Some(TokenTree::Ident(word)) = tokens.next() else {
        return false;
    };
    let alone = match tokens.next() {
        None | Some(TokenTree::Group(_)) => true,
        Some(TokenTree::Punct(sign)) => sign.as_char() == '=',
        Some(_) => false,
    };
    alone && keys(event).keys.iter().any(|key| word == key.name)
}

/// Reads the keys.
pub(super) fn parse(
    event: Event,
    tokens: TokenStream,
    qlib: &Library,
    faults: &mut Faults,
) -> Options {
    let mut options = Options {
        qlib: qlib.clone(),
        ..Options::default()
    };
    keys(event).read(tokens, &mut options, faults);
    if let (Some(_), Some(deadband)) = (&options.writes, &options.deadband) {
        faults.at(
            deadband.span(),
            "`writes` asks for values that are equal, `deadband` leaves out those that are close; keep one of them",
        );
    }
    durable::check(&options, faults);
    options
}

impl Options {
    pub(super) fn call(&mut self, method: Ident, argument: TokenStream) {
        self.calls.push(Call { method, argument });
    }

    fn time(&mut self, arg: Arg, faults: &mut Faults) {
        let Given::Value(value) = arg.given else {
            return;
        };
        if let Some(time) = faults.keep(duration(value)) {
            let time = time.expand(&self.qlib);
            self.call(arg.key, time);
        }
    }
}

const fn flag(name: &'static str) -> Key<Options> {
    Key::new(name, Form::Flag, |options, arg, _| {
        options.call(arg.key, TokenStream::new())
    })
}

const fn time(name: &'static str, example: &'static str) -> Key<Options> {
    Key::new(name, Form::Value(example), Options::time)
}

/// What `retry(…)` says.
#[derive(Default)]
struct Retry {
    qlib: Library,
    first: Option<(Ident, Period)>,
    max: Option<(Ident, Period)>,
    calls: TokenStream,
}

const RETRY_KEYS: Keys<Retry> = Keys {
    of: "`retry`",
    keys: &[
        Key::new("times", Form::Value("5"), |retry, arg, faults| {
            let Given::Value(value) = arg.given else {
                return;
            };
            match number(&value) {
                Some(Number::Int(1..)) | None => {
                    let key = arg.key;
                    retry.calls.extend(quote!(.#key(#value)));
                }
                Some(_) => faults.on(
                    value,
                    "a handler is called at least once; write a whole number above zero",
                ),
            }
        }),
        Key::new("first", Form::Value("\"100ms\""), |retry, arg, faults| {
            retry.first = retry.time(arg, faults);
        }),
        Key::new("max", Form::Value("\"10s\""), |retry, arg, faults| {
            retry.max = retry.time(arg, faults);
        }),
    ],
};

impl Retry {
    fn time(&mut self, arg: Arg, faults: &mut Faults) -> Option<(Ident, Period)> {
        let Given::Value(value) = arg.given else {
            return None;
        };
        let period = faults.keep(duration(value))?;
        let (key, time) = (arg.key, period.expand(&self.qlib));
        self.calls.extend(quote!(.#key(#time)));
        Some((key, period))
    }
}
