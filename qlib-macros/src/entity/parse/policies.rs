//! Who may reach a field, and how long its values are kept: `access(…)` and `history(…)`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::LitStr;

use super::keys::{Given, value};
use crate::common::{
    self, Arg, Faults, Form, Key, Keys, Library, Period, distance, duration, string,
};

#[derive(Default)]
struct Access {
    read: Option<LitStr>,
    write: Option<LitStr>,
}

const ACCESS: Keys<Access> = Keys {
    of: "`access`",
    keys: &[
        Key::new("read", Form::Value("\"guest\""), |access, arg, faults| {
            access.read = role(arg, faults);
        }),
        Key::new(
            "write",
            Form::Value("\"operator\""),
            |access, arg, faults| {
                access.write = role(arg, faults);
            },
        ),
    ],
};

fn role(arg: Arg, faults: &mut Faults) -> Option<LitStr> {
    let role = faults.keep(string(value(arg), "write = \"operator\""))?;
    if role.value().is_empty() || role.value().contains('/') {
        faults.on(
            &role,
            "this is the name of no role; write one without `/`, as in `write = \"operator\"`",
        );
    }
    Some(role)
}

/// Reads `access(read = "guest", write = "operator")`.
pub(super) fn access(given: &mut Given, arg: Arg, faults: &mut Faults) {
    let common::Given::List(list, place) = arg.given else {
        return;
    };
    if list.is_empty() {
        faults.at(
            place,
            "`access` names a role; write it, as in `access(write = \"operator\")`",
        );
    }
    let mut access = Access::default();
    ACCESS.read(list, &mut access, faults);
    let qlib = &given.qlib;
    given.access = [access.read.clone(), access.write.clone()];
    let [read, write] =
        [access.read, access.write].map(|role| option(role.map(|role| quote!(#role)), qlib));
    given.constrain(arg.key, quote!(#read, #write));
}

#[derive(Default)]
struct History {
    qlib: Library,
    keep: Option<Period>,
    min_interval: Option<(Ident, Period)>,
    deadband: Option<TokenStream>,
    /// As it was written.
    band: Option<TokenStream>,
}

/// Which values of a field are kept, in nanoseconds.
pub(crate) struct Kept {
    /// Where that is said.
    pub(crate) place: Span,
    /// For how long.
    pub(crate) keep: u64,
    /// The least time between two of them.
    pub(crate) min_interval: Option<u64>,
    /// How far apart they are, as it was written.
    pub(crate) deadband: Option<TokenStream>,
}

const HISTORY: Keys<History> = Keys {
    of: "`history`",
    keys: &[
        Key::new("keep", Form::Value("\"30d\""), |history, arg, faults| {
            history.keep = faults.keep(duration(value(arg)));
        }),
        Key::new(
            "min_interval",
            Form::Value("\"1s\""),
            |history, arg, faults| {
                let key = arg.key.clone();
                let time = faults.keep(duration(value(arg)));
                history.min_interval = time.map(|time| (key, time));
            },
        ),
        Key::new("deadband", Form::Value("0.5"), |history, arg, faults| {
            let band = value(arg);
            history.deadband = distance(&band, &history.qlib, faults);
            history.band = Some(band);
        }),
    ],
};

/// Reads `history(keep = "30d", min_interval = "1s", deadband = 0.5)`.
pub(super) fn history(given: &mut Given, arg: Arg, faults: &mut Faults) {
    let common::Given::List(list, _) = arg.given else {
        return;
    };
    let mut history = History {
        qlib: given.qlib.clone(),
        ..History::default()
    };
    let mut found = Faults::default();
    HISTORY.read(list, &mut history, &mut found);
    if history.keep.is_none() && found.is_empty() {
        found.at(
            arg.key.span(),
            "`history` lacks how long values are kept; write `history(keep = \"30d\")`",
        );
    }
    if let (Some(keep), Some((key, least))) = (history.keep, &history.min_interval)
        && *least > keep
    {
        found.at(
            key.span(),
            "values are kept for less than the least time between two of them; write a longer `keep`",
        );
    }
    faults.append(found);
    let Some(keep) = history.keep else { return };
    given.history = Some(Kept {
        place: arg.key.span(),
        keep: keep.nanos(),
        min_interval: history
            .min_interval
            .as_ref()
            .map(|(_, least)| least.nanos()),
        deadband: history.band,
    });
    let qlib = &given.qlib;
    let keep = keep.expand(qlib);
    let least = history.min_interval.map(|(_, least)| least.expand(qlib));
    let (least, deadband) = (option(least, qlib), option(history.deadband, qlib));
    given.constrain(arg.key, quote!(#keep, #least, #deadband));
}

fn option(value: Option<TokenStream>, qlib: &Library) -> TokenStream {
    match value {
        Some(value) => quote!(#qlib::Some(#value)),
        None => quote!(#qlib::None),
    }
}
