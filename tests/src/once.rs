//! What is killed in [`crate::crash`]: an application with a durable handler.

use qlib::prelude::*;

use crate::crash::{Report, say};

/// Three are written in each commit, all with the number of the commit.
#[derive(Entity)]
struct Numbered {
    #[field(default = 0)]
    number: i64,
}

/// What the durable handler has added up.
#[derive(Entity)]
struct Added {
    #[field(default = 0)]
    changes: i64,
    #[field(default = 0)]
    sum: i64,
}

/// How many are written in each commit: the process is killed between them, too.
const TOGETHER: i64 = 3;

#[on_change(Numbered.Number, durable = "adding up")]
async fn add_up(change: Change<Numbered, i64>, cx: &mut Cx) -> Result<()> {
    let (tx, number) = (cx.tx()?, change.current());
    let added = tx.find("/added")?;
    tx.add(added, Added::FIELDS.Changes, 1)?;
    tx.add(added, Added::FIELDS.Sum, number)
}

pub(crate) async fn count_for_ever(store: Store) -> Result<()> {
    let app = App::builder("once").store(store.clone());
    let app = app.entity::<Numbered>().entity::<Added>();
    // The cursor begins here: before the first number.
    let _running = app
        .register(|registry| registry.worker::<add_up>())
        .start()
        .await?;
    let (numbered, mut number) = begin(&store).await?;
    say(number)?;
    loop {
        number += 1;
        let written = store.transaction(|tx| {
            let mut all = numbered.iter();
            all.try_for_each(|each| tx.set(*each, Numbered::FIELDS.Number, number))
        });
        written.await?;
        say(number)?;
    }
}

async fn begin(store: &Store) -> Result<(Vec<EntityId>, i64)> {
    let numbered = store.select::<Numbered>().ids()?;
    if let Some(first) = numbered.first() {
        let number = store.read(*first, Numbered::FIELDS.Number)?;
        return Ok((numbered, number));
    }
    let made = store.transaction(|tx| {
        tx.create(EntityId::ROOT, "added", Added::builder())?;
        let make = |each| tx.create(EntityId::ROOT, format!("{each}"), Numbered::builder());
        let made = (0..TOGETHER).map(make);
        made.map(|made| Ok(made?.id())).collect()
    });
    Ok((made.await?, 0))
}

/// The number up to which commits are there. What was added up is what the first changes give, each
/// once: were one handled twice or left out, the sum would not be that of so many.
pub(crate) fn look(store: &Store, acknowledged: i64, report: &mut Report) -> Result<i64> {
    let Ok(added) = store.find("/added") else {
        return Ok(0);
    };
    let added: Added = store.get(added)?;
    let all = store.select::<Numbered>().all()?;
    let number = all.first().map_or(0, |first| first.value.number);
    let mut violation = |text: String| report.violations.push(text);
    if all.iter().any(|each| each.value.number != number) || all.len() as i64 != TOGETHER {
        violation(format!("a commit of {TOGETHER} numbers is there in part"));
    }
    if number < acknowledged {
        violation(format!(
            "{acknowledged} was acknowledged, {number} is there"
        ));
    }
    // Those that are made are changes too, to 0.
    let changes = added.changes - TOGETHER;
    let (whole, rest) = (changes.max(0) / TOGETHER, changes.max(0) % TOGETHER);
    let sum = TOGETHER * whole * (whole + 1) / 2 + rest * (whole + 1);
    if added.sum != sum || changes > number * TOGETHER {
        violation(format!(
            "{} changes of {} were added up to {}, which are {sum}",
            added.changes,
            (number + 1) * TOGETHER,
            added.sum
        ));
    }
    report.handled = report.handled.max(added.changes.unsigned_abs());
    Ok(number)
}
