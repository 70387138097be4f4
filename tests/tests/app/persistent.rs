//! Persistent timers: which ticks come, and which of those that were missed.

use std::cell::Cell;

use qlib::prelude::*;
use qlib::{Cursor, TestApp, Transaction};
use tempfile::TempDir;

use crate::common::{at, ms, note, noted, times_of};

/// How often each timer has ticked.
#[derive(Entity, Debug)]
struct Ticked {
    #[field(default = 0)]
    skip: i64,
    #[field(default = 0)]
    once: i64,
    #[field(default = 0)]
    all: i64,
}

fn tally(tx: &mut Transaction<'_>) -> Result<()> {
    tx.create(EntityId::ROOT, "tally", Ticked::builder())
        .map(drop)
}

thread_local! {
    static FOLDER: TempDir = tempfile::tempdir().unwrap();
    static FAILING: Cell<bool> = const { Cell::new(false) };
}

fn open() -> Result<Store> {
    FOLDER.with(|folder| Store::open(folder.path()))
}

/// Counts a tick, and notes for when it was.
fn count(name: &str, field: qlib::Field<Ticked, i64>, cx: &mut Cx) -> Result<()> {
    let tick = cx.tick().map_or(-1, at);
    note(format!("{name} {}", tick / 1000));
    let tx = cx.tx()?;
    let tally = tx.find("/tally")?;
    tx.add(tally, field, 1)?;
    match FAILING.get() {
        true => Err(Error::other("no luck")),
        false => Ok(()),
    }
}

#[every("10s", persistent = "skip", catch_up = "skip")]
async fn skip(cx: &mut Cx) -> Result<()> {
    count("skip", Ticked::FIELDS.Skip, cx)
}

#[every("10s", persistent = "once", catch_up = "once")]
async fn once(cx: &mut Cx) -> Result<()> {
    count("once", Ticked::FIELDS.Once, cx)
}

#[every("10s", persistent = "all", catch_up = "all")]
async fn all(cx: &mut Cx) -> Result<()> {
    count("all", Ticked::FIELDS.All, cx)
}

fn tallied(app: &TestApp) -> (i64, i64, i64) {
    let tally = app.store().find("/tally").unwrap();
    let tally: Ticked = app.store().get(tally).unwrap();
    (tally.skip, tally.once, tally.all)
}

fn sorted() -> Vec<String> {
    let mut said = noted();
    said.sort();
    said
}

async fn catches_up(app: TestApp) {
    app.advance(ms(12_000)).await;
    assert_eq!(sorted(), ["all 10", "once 10", "skip 10"]);
    // Down from 12 s to 47 s: the ticks of 20, 30 and 40 s are missed.
    let app = app.restart(ms(35_000)).await;
    assert_eq!(sorted(), ["all 20", "all 30", "all 40", "once 40"]);
    app.advance(ms(2_900)).await;
    assert!(noted().is_empty());
    app.advance(ms(100)).await;
    assert_eq!(sorted(), ["all 50", "once 50", "skip 50"]);
    assert_eq!(tallied(&app), (2, 3, 5));
    // Nothing was missed.
    let app = app.restart(ms(1_000)).await;
    app.advance(ms(9_000)).await;
    assert_eq!(sorted(), ["all 60", "once 60", "skip 60"]);
}

#[qlib::test(workers(skip, once, all), preload = tally)]
async fn each_policy_catches_up_in_its_way(app: TestApp) {
    catches_up(app).await;
}

#[qlib::test(workers(skip, once, all), preload = tally, store = open)]
async fn each_policy_catches_up_in_its_way_on_disk(app: TestApp) {
    catches_up(app).await;
}

#[qlib::test(workers(all), preload = tally)]
async fn a_tick_that_fails_is_tried_again_and_then_passed(app: TestApp) {
    FAILING.set(true);
    app.advance(ms(10_400)).await;
    assert_eq!(times_of("all"), [10_000, 10_100]);
    FAILING.set(false);
    // What waited to be tried again is not forgotten.
    let app = app.restart(ms(0)).await;
    assert_eq!(noted(), ["all 10"]);
    assert_eq!(tallied(&app).2, 1);

    FAILING.set(true);
    app.advance(ms(19_000)).await;
    app.assert_dead_letters(1);
    let stands = app.store().cursor("all");
    assert!(matches!(stands, Some(Cursor::Ticks(time)) if at(time) == 20_000));
}

#[derive(Default)]
struct Dawdler;

#[worker]
impl Dawdler {
    #[every("10s", persistent = "slow skip", catch_up = "skip", limit = "1m")]
    async fn skip(&mut self, cx: &mut Cx) -> Result<()> {
        note(format!("{}", at(cx.now()) / 1000));
        qlib_tests::pause(ms(25_000)).await;
        Ok(())
    }
}

#[qlib::test(workers(Dawdler))]
async fn a_slow_handler_misses_ticks_too(app: TestApp) {
    app.advance(ms(100_000)).await;
    assert_eq!(noted(), ["10", "40", "70", "100"]);
}
