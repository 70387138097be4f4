//! Which changes a handler gets.

use qlib::prelude::*;
use qlib::{State, TestApp};

use crate::common::{Lamp, echo, lamp, lamps, level, note, noted};

#[on_change(Lamp.Level)]
async fn counting(change: Change<Lamp, i64>, cx: &mut Cx) -> Result<()> {
    let level = change.current();
    note(format!("counting {level}"));
    change.entity(cx)?.set_level(level + 1).commit().await
}

#[on_change(Lamp.Level)]
async fn watching(change: Change<Lamp, i64>) -> Result<()> {
    note(format!("watching {}", change.current()));
    Ok(())
}

#[on_change(Lamp.Level, own, when(current < 4))]
async fn counting_on(change: Change<Lamp, i64>, cx: &mut Cx) -> Result<()> {
    let level = change.current();
    note(format!("counting {level}"));
    change.entity(cx)?.set_level(level + 1).commit().await
}

#[qlib::test(workers(counting, watching), preload = lamps)]
async fn own_writes_are_not_delivered_to_the_handler_that_made_them(app: TestApp) {
    level(&app, lamp(&app, "a"), 1).await;
    app.settle().await;
    let mut noted = noted();
    noted.sort();
    assert_eq!(noted, ["counting 1", "watching 1", "watching 2"]);
}

#[qlib::test(workers(counting_on), preload = lamps)]
async fn own_writes_are_delivered_when_asked_for(app: TestApp) {
    level(&app, lamp(&app, "a"), 1).await;
    app.settle().await;
    assert_eq!(noted(), ["counting 1", "counting 2", "counting 3"]);
}

#[on_change(Lamp.Level)]
async fn ping(change: Change<Lamp, i64>, cx: &mut Cx) -> Result<()> {
    change
        .entity(cx)?
        .set_echo(change.current() + 1)
        .commit()
        .await
}

#[on_change(Lamp.Echo)]
async fn pong(change: Change<Lamp, i64>, cx: &mut Cx) -> Result<()> {
    change
        .entity(cx)?
        .set_level(change.current() + 1)
        .commit()
        .await
}

#[qlib::test(workers(ping, pong), preload = lamps)]
async fn a_chain_deeper_than_16_is_refused(app: TestApp) {
    let a = lamp(&app, "a");
    level(&app, a, 1).await;
    app.settle().await;
    // 1 from outside, then 16 from handlers.
    let lamp = app.store().get::<Lamp>(a).unwrap();
    assert_eq!(lamp.level.max(lamp.echo), 17);
    let letters = app.assert_dead_letters(1);
    assert_eq!(letters[0].handler, "ping");
    assert_eq!(letters[0].attempts, 1);
    let chain = ["ping -> pong"; 8].join(" -> ");
    let expected = format!("the chain of handlers is deeper than 16: {chain} -> ping");
    assert_eq!(letters[0].error, expected);
}

#[on_change(Lamp.Level, writes)]
async fn writes(change: Change<Lamp, i64>) -> Result<()> {
    note(format!("writes {}", change.current()));
    Ok(())
}

#[on_change(Lamp.Level, when(previous == Some(1) && current > 2))]
async fn jumps(change: Change<Lamp, i64>) -> Result<()> {
    note(format!(
        "jumps {:?} {}",
        change.previous(),
        change.current()
    ));
    Ok(())
}

#[on_change(Lamp.Level, initial)]
async fn initially(change: Change<Lamp, i64>) -> Result<()> {
    note(format!("{} {}", change.is_first_value(), change.current()));
    Ok(())
}

#[on_change(Lamp.Level, latest)]
async fn latest(change: Change<Lamp, i64>) -> Result<()> {
    note(format!("{:?} to {}", change.previous(), change.current()));
    Ok(())
}

#[qlib::test(workers(writes, watching), preload = lamps)]
async fn an_equal_value_is_a_write_and_no_change(app: TestApp) {
    for value in [1, 1, 2] {
        level(&app, lamp(&app, "a"), value).await;
        app.settle().await;
    }
    let (mut writes, mut changes) = (noted(), Vec::new());
    writes.retain(|note| {
        let change = note.starts_with("watching");
        if change {
            changes.push(note.clone());
        }
        !change
    });
    assert_eq!(writes, ["writes 1", "writes 1", "writes 2"]);
    assert_eq!(changes, ["watching 1", "watching 2"]);
}

#[qlib::test(workers(jumps), preload = lamps)]
async fn a_condition_sees_both_values(app: TestApp) {
    for value in [1, 2, 5, 1, 7] {
        level(&app, lamp(&app, "a"), value).await;
    }
    app.settle().await;
    assert_eq!(noted(), ["jumps Some(1) 7"]);
}

#[qlib::test(workers(initially), preload = lamps)]
async fn what_exists_comes_first_when_asked_for(app: TestApp) {
    level(&app, lamp(&app, "b"), 3).await;
    app.settle().await;
    assert_eq!(noted(), ["true 0", "true 0", "false 3"]);
}

#[qlib::test(workers(latest), preload = lamps)]
async fn latest_skips_what_lies_between(app: TestApp) {
    for value in [1, 2, 3] {
        level(&app, lamp(&app, "a"), value).await;
    }
    app.settle().await;
    assert_eq!(noted(), ["Some(0) to 3"]);
}

#[qlib::test(workers(watching), preload = lamps)]
async fn a_creation_is_a_change_without_a_previous_value(app: TestApp) {
    let made = app
        .store()
        .transaction(|tx| tx.create(EntityId::ROOT, "c", Lamp::builder().level(9)));
    made.await.unwrap();
    echo(&app, lamp(&app, "c"), 1).await;
    app.settle().await;
    assert_eq!(noted(), ["watching 9"]);
    assert_eq!(app.state(), State::Leader);
}
