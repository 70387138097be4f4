//! `watch`: changes as they come.

use std::future::{Future, poll_fn};
use std::io::Write;
use std::pin::pin;
use std::task::Poll;

use clap::ArgMatches;
use qlib::{Delivery, EntityId, Event, Store, Subscribe, Subscription};
use serde_json::json;

use crate::command::runtime;
use crate::failure::Failure;
use crate::output::{Output, printable};
use crate::{target, value};

pub(crate) fn run(
    store: &Store,
    matches: &ArgMatches,
    output: &mut Output<impl Write>,
) -> Result<(), Failure> {
    let text = |name| matches.get_one::<String>(name).map(String::as_str);
    let mut readers = readers(store, text("of"), text("field"))?;
    let mut followed = pin!(store.writer());
    runtime()?.block_on(async {
        loop {
            let mut events = pin!(next(&mut readers));
            let events = poll_fn(|context| match followed.as_mut().poll(context) {
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                _ => events.as_mut().poll(context).map(Ok),
            });
            print(store, events.await?, output)?;
        }
    })
}

/// A subscription to each field that is asked for.
fn readers(
    store: &Store,
    of: Option<&str>,
    field: Option<&str>,
) -> Result<Vec<Subscription>, Failure> {
    let snapshot = store.create_snapshot();
    let tree = snapshot.tree();
    let named = |entity_type: &str, field: &str| store.subscribe_named(entity_type, field);
    let wanted: Vec<Subscribe> = match (of, field) {
        (None, _) => {
            let own = |name| {
                tree.schema(name)
                    .fields
                    .iter()
                    .map(move |field| (name, field))
            };
            let fields = tree.types().flat_map(own);
            fields
                .map(|(name, field)| named(tree.type_name(name), &field.name))
                .collect()
        }
        (Some(of), field) => {
            let (of_type, entity) = match tree.type_id(of) {
                Ok(of_type) => (of_type, None),
                // Ids have no slash, but no type has the name of one.
                Err(error) if !of.starts_with('/') && of.parse::<EntityId>().is_err() => {
                    return Err(error.into());
                }
                Err(_) => {
                    let entity = target::entity(tree, of)?;
                    (entity.entity_type(), Some(entity.id()))
                }
            };
            let all = || {
                tree.field_ids(of_type)
                    .map(|field| tree.field_name(field).as_str())
            };
            let fields = field.map_or_else(|| all().collect(), |field| vec![field]);
            let wanted = fields.into_iter().map(|field| match entity {
                Some(id) => named("", field).entity(id),
                None => named(of, field),
            });
            wanted.collect()
        }
    };
    let begun = wanted.into_iter().map(|one| one.initial().start());
    Ok(begun.collect::<Result<_, _>>()?)
}

/// What there is to read, in the order of revisions; waits until there is something.
async fn next(readers: &mut [Subscription]) -> Vec<Event> {
    let mut events = poll_fn(|context| {
        let mut events = Vec::new();
        for reader in &mut *readers {
            while let Poll::Ready(event) = reader.poll_next(context) {
                events.push(event);
            }
        }
        if events.is_empty() {
            Poll::Pending
        } else {
            Poll::Ready(events)
        }
    })
    .await;
    events.sort_by_key(|event| match event {
        Event::Change(change) => change.revision(),
        Event::Resync { revision } => *revision,
        _ => 0,
    });
    events
}

fn print(
    store: &Store,
    events: Vec<Event>,
    output: &mut Output<impl Write>,
) -> Result<(), Failure> {
    for event in events {
        match event {
            Event::Change(change) => print_change(store, &change, output)?,
            Event::Lagged(lagged) => {
                let (read, next) = (lagged.read, lagged.next);
                let reason = lagged.reason;
                eprintln!(
                    "qlib: revisions {} to {} were missed: {reason}",
                    read + 1,
                    next - 1
                );
            }
            _ => {}
        }
    }
    Ok(output.flush()?)
}

fn print_change(
    store: &Store,
    change: &Delivery,
    output: &mut Output<impl Write>,
) -> Result<(), Failure> {
    let view = store.view();
    let tree = view.tree();
    let (path, field) = (
        target::path(tree, change.id()),
        tree.field_name(change.field()),
    );
    if output.json {
        output.json(&json!({
            "path": path,
            "id": change.id().to_string(),
            "field": field.as_str(),
            "previous": value::json(change.previous()),
            "current": value::json(change.current()),
            "first": change.is_first_value(),
            "revision": change.revision(),
            "time": change.time().to_string(),
            "writer": change.writer().as_str(),
        }))?;
    } else {
        let (previous, current) = (change.previous(), change.current());
        let mut line = format!("{} {path}.{field}: ", change.time());
        if !change.is_first_value() {
            line += &format!("{} -> ", value::text(tree, previous));
        }
        line += &value::text(tree, current);
        output.line(&printable(&line))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use qlib::{Clock, EntityId, Kind, Schema, Timestamp, Value};

    use super::*;

    #[test]
    fn changes_come_after_what_exists() -> Result<(), Failure> {
        let clock = Clock::driven(Timestamp::EPOCH);
        let store = Store::memory_with(clock, qlib::WindowLimits::default())?;
        let desk = runtime()?.block_on(store.transaction(|tx| {
            tx.set_schema(Schema::new("Lamp").field("Brightness", Kind::Int));
            tx.create_named(
                EntityId::ROOT,
                "Desk",
                "Lamp",
                [("Brightness", Value::Int(3))],
            )
        }))?;
        let mut readers = readers(&store, Some("Lamp"), None)?;
        let mut printed = Vec::new();
        let mut output = Output::new(&mut printed, false);
        print(&store, runtime()?.block_on(next(&mut readers)), &mut output)?;
        runtime()?.block_on(store.transaction(|tx| {
            tx.set_value(desk, "Brightness", Value::Int(80))?;
            tx.set_value(desk, "Description", Value::from("left\nside"))
        }))?;
        print(&store, runtime()?.block_on(next(&mut readers)), &mut output)?;
        let printed = String::from_utf8_lossy(&printed).into_owned();
        let mut lines: Vec<_> = printed.lines().collect();
        lines[1..].sort_unstable();
        assert_eq!(
            lines,
            [
                "1970-01-01T00:00:00Z /Desk.Brightness: 3",
                "1970-01-01T00:00:00Z /Desk.Brightness: 3 -> 80",
                "1970-01-01T00:00:00Z /Desk.Description:  -> left\\nside",
            ]
        );
        Ok(())
    }
}
