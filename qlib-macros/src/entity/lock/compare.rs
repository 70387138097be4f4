//! The entity beside what the lock says of it, as far as tokens show it. What only the compiler knows
//! of a type is compared by constants, see `expand`; what only running code knows, at the start.

use std::collections::BTreeMap;

use proc_macro2::Span;

use super::{Fact, Locked, Section};
use crate::common::Faults;
use crate::entity::model::{Entity, plain};

/// Keys that constants compare.
const OF_THE_TYPE: [&str; 4] = ["kind", "required", "choices", "target"];

/// Notes where the two disagree.
pub(super) fn compare(locked: &Locked<'_>, entity: &Entity, faults: &mut Faults) {
    let name = &entity.name;
    of_type(locked, entity, faults);
    for field in &entity.fields {
        let field_name = field.name();
        let what = format!("{name}.{field_name}");
        match locked.field(entity, &field_name) {
            Some(section) => {
                let ignore = |key: &str| OF_THE_TYPE.contains(&key);
                lines(
                    locked,
                    section,
                    &what,
                    &field.facts,
                    field.ident.span(),
                    ignore,
                    faults,
                );
            }
            None => faults.at(field.ident.span(), locked.fault(&what, "does not exist")),
        }
    }
    let own: Vec<_> = entity
        .fields
        .iter()
        .map(|field| super::heading(name, Some(&field.name())))
        .collect();
    for heading in locked
        .file
        .fields(name)
        .filter(|heading| !own.iter().any(|own| own == heading))
    {
        let field = heading.trim_matches(['[', ']']);
        faults.at(
            entity.ident.span(),
            locked.fault(field, "is a field, which is missing here"),
        );
    }
}

fn of_type(locked: &Locked<'_>, entity: &Entity, faults: &mut Faults) {
    let place = entity.ident.span();
    let mut facts = Vec::new();
    if let Some(first) = entity.was.first() {
        let was: Vec<_> = entity.was.iter().map(syn::LitStr::value).collect();
        facts.push(Fact {
            key: "was",
            place: first.span(),
            text: Some(super::facts::list(&was)),
        });
    }
    if !entity.doc.is_empty() {
        facts.push(Fact {
            key: "doc",
            place,
            text: Some(super::text::quoted(&entity.doc)),
        });
    }
    if let Some(base) = &entity.base {
        let last = base.segments.last();
        facts.push(Fact {
            key: "extends",
            place: last.map_or(place, |last| last.ident.span()),
            // A constant knows what it is called.
            text: None,
        });
    }
    let what = plain(&entity.ident);
    lines(
        locked,
        locked.section,
        &what,
        &facts,
        place,
        |_| false,
        faults,
    );
}

/// Compares the lines of a section with what is said here.
fn lines(
    locked: &Locked<'_>,
    section: &Section,
    what: &str,
    facts: &[Fact],
    place: Span,
    ignore: impl Fn(&str) -> bool,
    faults: &mut Faults,
) {
    let said: BTreeMap<&str, &Fact> = facts.iter().map(|fact| (fact.key, fact)).collect();
    for fact in facts {
        let says = match (section.get(fact.key), &fact.text) {
            (Some(there), Some(here)) if there != here => {
                format!("has `{} = {there}`, not {here}", fact.key)
            }
            (Some(_), _) => continue,
            (None, _) => format!("has no `{}`", fact.key),
        };
        faults.at(fact.place, locked.fault(what, &says));
    }
    for (key, there) in section.lines().filter(|(key, _)| !ignore(key)) {
        if !said.contains_key(key) {
            let says = format!("has `{key} = {there}`, which is missing here");
            faults.at(place, locked.fault(what, &says));
        }
    }
}
