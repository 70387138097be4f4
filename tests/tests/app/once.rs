//! Durable handlers: what they write and their cursor are one commit, and no process repeats it.

use std::cell::{Cell, RefCell};
use std::future::Future;

use qlib::__private::{TestPlan, run_test};
use qlib::prelude::*;
use qlib::{Cursor, Origin, TestApp, Transaction, WindowLimits, Worker, WorkerDefinition};
use tempfile::TempDir;

use crate::common::{Lamp, Room, echo, lamp, lamps, level, ms, note, noted};

thread_local! {
    // The test and its application share one thread; the folder goes with it.
    static FOLDER: TempDir = tempfile::tempdir().unwrap();
    static FAILING: Cell<bool> = const { Cell::new(false) };
    static OTHER: RefCell<Option<Store>> = const { RefCell::new(None) };
}

fn open() -> Result<Store> {
    FOLDER.with(|folder| Store::open(folder.path()))
}

/// Adds what it saw to `Echo` of the same lamp.
#[on_change(Lamp.Level, durable = "sum")]
async fn sum(change: Change<Lamp, i64>, cx: &mut Cx) -> Result<()> {
    note(format!("{}", change.current()));
    let amount = change.current();
    cx.tx()?.add(change.id(), Lamp::FIELDS.Echo, amount)?;
    // The unlucky number.
    match FAILING.get() && amount % 12 == 1 {
        true => Err(Error::other("no luck")),
        false => Ok(()),
    }
}

fn echo_of(app: &TestApp, lamp: EntityId) -> i64 {
    app.store().read(lamp, Lamp::FIELDS.Echo).unwrap()
}

/// Runs the application on the folder of the test, until the body has ended.
fn run<F: Future<Output = ()>>(body: impl FnOnce(TestApp) -> F) {
    let plan = TestPlan::new().worker::<sum>().store(open);
    run_test(plan.preload(once_made), body);
}

fn once_made(tx: &mut Transaction<'_>) -> Result<()> {
    match tx.child(EntityId::ROOT, "a")? {
        Some(_) => Ok(()),
        None => lamps(tx),
    }
}

#[test]
fn what_happened_while_it_was_down_is_handled_once() {
    run(|app| async move {
        let a = lamp(&app, "a");
        level(&app, a, 1).await;
        app.settle().await;
        assert_eq!(echo_of(&app, a), 1);
    });
    let store = open().unwrap();
    let a = store.find("/a").unwrap();
    for value in [2, 3] {
        drop(store.bind(a).set(Lamp::FIELDS.Level, value).commit());
    }
    store.close().unwrap();
    drop(store);
    assert_eq!(noted(), ["1"]);
    for handled in [vec!["2", "3"], vec![]] {
        run(|app| async move { assert_eq!(echo_of(&app, lamp(&app, "a")), 6) });
        assert_eq!(noted(), handled);
    }
}

#[qlib::test(workers(sum), preload = lamps)]
async fn the_cursor_moves_with_what_was_written(app: TestApp) {
    let a = lamp(&app, "a");
    let begun = app.store().cursor("sum").unwrap();
    level(&app, a, 1).await;
    let changed = app.store().revision();
    app.settle().await;
    let Some(Cursor::Changes(position)) = app.store().cursor("sum") else {
        panic!("no cursor of changes");
    };
    assert_ne!(begun, Cursor::Changes(position));
    assert_eq!((position.revision() + 1, position.offset()), (changed, 1));
    assert_eq!(app.store().revision(), changed + 1, "one commit for both");
}

#[qlib::test(workers(sum), preload = lamps)]
async fn a_failure_leaves_nothing_behind_and_a_dead_letter_moves_the_cursor(app: TestApp) {
    let (a, b) = (lamp(&app, "a"), lamp(&app, "b"));
    FAILING.set(true);
    level(&app, a, 1).await;
    app.advance(ms(60_000)).await;
    let letters = app.assert_dead_letters(1);
    assert_eq!(noted(), ["1"; 5]);
    assert_eq!(echo_of(&app, a), 0, "what failed is not written");

    FAILING.set(false);
    let app = app.restart(ms(0)).await;
    level(&app, b, 2).await;
    app.settle().await;
    assert_eq!((echo_of(&app, a), echo_of(&app, b)), (0, 2));
    assert_eq!(noted(), ["2"], "what was given up stays given up");
    assert!(app.retry(letters[0].id).is_err());
    app.assert_dead_letters(1);
}

#[qlib::test(workers(sum), preload = lamps)]
async fn a_dead_letter_that_is_tried_again_goes_with_what_is_written(app: TestApp) {
    let a = lamp(&app, "a");
    FAILING.set(true);
    level(&app, a, 1).await;
    app.advance(ms(60_000)).await;
    let letter = app.assert_dead_letters(1)[0].id;
    FAILING.set(false);
    let before = app.store().revision();
    app.retry(letter).unwrap();
    app.settle().await;
    app.assert_dead_letters(0);
    assert_eq!(echo_of(&app, a), 1);
    assert_eq!(app.store().revision(), before + 1);
}

#[on_change(Lamp.Level, durable = "panics", limit = "1s", retry(times = 3))]
async fn hapless(change: Change<Lamp, i64>, cx: &mut Cx) -> Result<()> {
    cx.tx()?.add(change.id(), Lamp::FIELDS.Echo, 1)?;
    note("call");
    match change.current() {
        1 if FAILING.replace(false) => panic!("bad day"),
        2 if FAILING.replace(false) => std::future::pending().await,
        _ => Ok(()),
    }
}

#[qlib::test(workers(hapless), preload = lamps)]
async fn a_panic_and_a_time_out_leave_nothing_behind(app: TestApp) {
    let a = lamp(&app, "a");
    for value in [1, 2] {
        FAILING.set(true);
        level(&app, a, value).await;
        app.advance(ms(10_000)).await;
        assert_eq!(noted(), ["call", "call"]);
        assert_eq!(echo_of(&app, a), value);
    }
    app.assert_dead_letters(0);
}

async fn beside(store: &Store, id: EntityId) -> Result<()> {
    store
        .transaction(|tx| tx.set(id, Lamp::FIELDS.Echo, 7))
        .await
}

/// Writes through the store, as handlers that are not durable do.
#[on_change(Lamp.Level, durable = "writing")]
async fn writing(change: Change<Lamp, i64>, cx: &mut Cx) -> Result<()> {
    let id = change.id();
    let errors = [
        change.entity(cx)?.set_echo(7).commit().await,
        cx.transaction(|tx| tx.set(id, Lamp::FIELDS.Echo, 7)).await,
        cx.store().bind(id).rename("c").commit().await,
        cx.app().store().bind(id).rename("c").commit().await,
        beside(&cx.app().leadership().unwrap().store(), id).await,
        beside(&cx.leadership().unwrap().store(), id).await,
    ];
    for error in errors {
        note(error.unwrap_err().to_string());
    }
    Ok(())
}

#[on_change(Lamp.Level)]
async fn not_durable(cx: &mut Cx) -> Result<()> {
    note(cx.tx().unwrap_err().to_string());
    Ok(())
}

#[qlib::test(workers(writing, not_durable), preload = lamps)]
async fn writes_beside_the_transaction_are_refused(app: TestApp) {
    let a = lamp(&app, "a");
    level(&app, a, 1).await;
    app.settle().await;
    assert_eq!(echo_of(&app, a), 0);
    let mut said = noted();
    said.dedup();
    said.sort();
    assert_eq!(
        said,
        [
            "not_durable has no `cx.tx()`: only a durable handler does (`durable = \"name\"`, `persistent = \"name\"`); use `cx.transaction(…)`",
            "writing is durable: write through `cx.tx()`, which is committed with its cursor, and not through the store",
        ]
    );
}

/// Reads, lets another write what it read, and writes from what it read.
#[on_change(Lamp.Level, durable = "doubling")]
async fn doubling(change: Change<Lamp, i64>, cx: &mut Cx) -> Result<()> {
    let (id, store) = (change.id(), OTHER.with_borrow(Clone::clone).unwrap());
    let tx = cx.tx()?;
    let echo = tx.read(id, Lamp::FIELDS.Echo)?;
    note(format!("saw {echo}"));
    if echo < change.current() {
        let other = store.transaction(|tx| tx.add(id, Lamp::FIELDS.Echo, 1));
        other.await?;
    }
    tx.set(id, Lamp::FIELDS.Echo, echo * 2)?;
    assert_eq!(tx.read(id, Lamp::FIELDS.Echo)?, echo * 2, "its own writes");
    Ok(())
}

#[qlib::test(workers(doubling), preload = lamps)]
async fn a_conflict_calls_it_again_at_once(app: TestApp) {
    OTHER.set(Some(app.store().clone()));
    let a = lamp(&app, "a");
    level(&app, a, 3).await;
    app.settle().await;
    assert_eq!(noted(), ["saw 0", "saw 1", "saw 2", "saw 3"]);
    assert_eq!(echo_of(&app, a), 6);
    app.assert_dead_letters(0);

    // 16 calls, then it has failed; the next ones see what the others wrote.
    level(&app, a, 100).await;
    app.settle().await;
    assert_eq!(noted().len(), 16);
    app.advance(ms(60_000)).await;
    app.assert_dead_letters(1);
}

#[on_change(Lamp.Level, durable = "looking")]
async fn looking(change: Change<Lamp, i64>) -> Result<()> {
    note(format!("{}", change.current()));
    Ok(())
}

#[qlib::test(workers(looking), preload = lamps)]
async fn without_writes_the_cursor_moves_once_for_many_changes(app: TestApp) {
    let a = lamp(&app, "a");
    let levels = app.store().transaction(|tx| {
        for name in ["c", "d", "e"] {
            tx.create(EntityId::ROOT, name, Lamp::builder().level(1))?;
        }
        tx.set(a, Lamp::FIELDS.Level, 1)
    });
    let changed = levels.receipt().await.unwrap().revision;
    app.settle().await;
    assert_eq!(noted(), ["1"; 4]);
    assert_eq!(app.store().revision(), changed + 1);
    let app = app.restart(ms(0)).await;
    assert!(noted().is_empty());
    assert_eq!(app.store().cursors().len(), 1);
}

#[qlib::test(workers(sum), preload = lamps, store = open)]
async fn a_commit_of_many_changes_is_resumed_inside(app: TestApp) {
    FAILING.set(true);
    let (a, b) = (lamp(&app, "a"), lamp(&app, "b"));
    let both = app.store().transaction(|tx| {
        tx.set(a, Lamp::FIELDS.Level, 2)?;
        tx.set(b, Lamp::FIELDS.Level, 13)
    });
    let changed = both.receipt().await.unwrap().revision;
    app.settle().await;
    // The second change waits to be tried again while the application ends.
    let Some(Cursor::Changes(inside)) = app.store().cursor("sum") else {
        panic!("no cursor of changes");
    };
    assert_eq!((inside.revision() + 1, inside.offset()), (changed, 1));
    assert_eq!(noted(), ["2", "13"]);
    FAILING.set(false);
    let app = app.restart(ms(0)).await;
    assert_eq!(noted(), ["13"]);
    assert_eq!((echo_of(&app, a), echo_of(&app, b)), (2, 13));
}

/// Changes of no concern, so many that an idle cursor must follow.
#[qlib::test(workers(sum), preload = lamps)]
async fn an_idle_cursor_follows_from_afar(app: TestApp) {
    let a = lamp(&app, "a");
    let begun = app.store().cursor("sum");
    for value in 0..1_500 {
        echo(&app, a, value).await;
    }
    app.settle().await;
    assert_eq!(app.store().cursor("sum"), begun);
    app.advance(ms(61_000)).await;
    let Some(Cursor::Changes(position)) = app.store().cursor("sum") else {
        panic!("no cursor of changes");
    };
    assert!(position.revision() > 1_500);
    let stands = app.store().cursor("sum");
    app.advance(ms(600_000)).await;
    assert_eq!(app.store().cursor("sum"), stands, "its own moves are none");
}

fn one_commit() -> Result<Store> {
    let window = WindowLimits {
        commits: 3,
        ..WindowLimits::default()
    };
    let clock = qlib::Clock::current();
    Store::memory_with(clock, window)
}

#[derive(Default)]
struct Lagging;

#[worker]
impl Lagging {
    #[on_change(Lamp.Level, durable = "lagging")]
    async fn level(&mut self, change: Change<Lamp, i64>) -> Result<()> {
        note(format!("{}", change.current()));
        Ok(())
    }

    #[on_lagged]
    async fn lost(&mut self, lagged: Lagged) -> Result<()> {
        note(format!("lost {}", lagged.next - lagged.read - 1));
        Ok(())
    }
}

#[test]
fn what_was_lost_is_told_and_passed() {
    let plan = TestPlan::new().worker::<Lagging>();
    let store = one_commit().unwrap();
    let again = store.clone();
    let plan = plan.preload(lamps).store(move || Ok(again.clone()));
    run_test(plan, |app: TestApp| async move {
        let a = lamp(&app, "a");
        for value in 1..=9 {
            // No await: the handler cannot keep up.
            drop(
                app.store()
                    .entity::<Lamp>(a)
                    .unwrap()
                    .set_level(value)
                    .commit(),
            );
        }
        app.settle().await;
        let said = noted();
        assert!(said[0].starts_with("lost "), "{said:?}");
        assert_eq!(said[said.len() - 1], "9");
        let stands = app.store().cursor("lagging").unwrap();
        let Cursor::Changes(position) = stands else {
            panic!("a timer's");
        };
        assert!(position.revision() > 9);
        drop(store);
    });
}

#[qlib::test(workers(sum), preload = lamps)]
async fn a_cursor_in_use_cannot_be_removed(app: TestApp) {
    let refused = app.store().remove_cursor("sum").await.unwrap_err();
    let (cursor, handler, application) = match &refused {
        Error::CursorInUse {
            cursor,
            handler,
            application,
        } => (&**cursor, &**handler, &**application),
        other => panic!("{other}"),
    };
    assert_eq!((cursor, handler, application), ("sum", "sum", "test"));
    let a = lamp(&app, "a");
    level(&app, a, 1).await;
    app.settle().await;
    assert_eq!(echo_of(&app, a), 1, "the handler goes on");
}

#[qlib::test(preload = lamps)]
async fn a_cursor_that_nobody_reads_can_be_removed(app: TestApp) {
    let store = app.store().clone();
    let audit = App::builder("audit").store(store.clone());
    let audit = audit.register(|registry| registry.worker::<looking>());
    audit.start().await.unwrap().stop().await;
    assert_eq!(store.cursors().len(), 1);
    store.remove_cursor("looking").await.unwrap();
    assert!(store.cursors().is_empty());
    store.remove_cursor("looking").await.unwrap();
}

/// What an application with these workers says when it starts, or why it does not.
fn boot(describe: impl FnOnce(&mut qlib::Registry)) -> String {
    let store = Store::memory().unwrap();
    let old = App::builder("old")
        .store(store.clone())
        .entity::<Room>()
        .entity::<Lamp>();
    let old = old.register(|registry| registry.worker::<looking>());
    qlib_tests::boot(old).unwrap();
    let app = App::builder("new")
        .store(store)
        .entity::<Room>()
        .entity::<Lamp>();
    match qlib_tests::boot(app.register(describe)) {
        Ok(report) => format!("{report}{}", report.warnings.join("\n")),
        Err(error) => error.to_string(),
    }
}

#[every("1h", persistent = "looking")]
async fn same_name() -> Result<()> {
    Ok(())
}

struct ByHand;

impl Worker for ByHand {
    const NAME: &'static str = "ByHand";

    fn origin() -> Origin {
        qlib::origin!()
    }

    fn define(worker: &mut WorkerDefinition<Self>) {
        worker.make(|| Self);
        let level = worker
            .on_change(Lamp::FIELDS.Level)
            .latest()
            .durable("by hand");
        level.call("level", |_, _, (), _| Box::pin(async { Ok(()) }));
    }
}

#[test]
fn a_boot_says_what_is_wrong_with_cursors() {
    let shown = boot(|registry| registry.worker::<looking>());
    assert!(
        shown.contains("cursor looking at revision 3: read by looking\n"),
        "{shown}"
    );
    let unread = boot(|registry| registry.worker::<sum>());
    assert!(
        unread.contains("no handler reads the cursor \"looking\", which stands at revision 3"),
        "{unread}"
    );
    let twice = boot(|registry| {
        registry.worker::<looking>();
        registry.worker::<same_name>();
    });
    assert_eq!(
        twice,
        "the application cannot start: handler same_name: the cursor \"looking\" is in use by the handler looking of the application \"new\"; each handler needs a cursor of its own, and one that is to be removed must be in use by none"
    );
    let other_kind = boot(|registry| registry.worker::<same_name>());
    assert_eq!(
        other_kind,
        "the application cannot start: handler same_name: the cursor \"looking\" is refused: one of a timer is none of changes; choose another name"
    );
    let latest = boot(|registry| registry.worker::<ByHand>());
    assert_eq!(
        latest,
        "the application cannot start: handler ByHand::level: `durable` is refused: `latest` skips changes, and a cursor is for those that want each"
    );
}

#[qlib::test(workers(sum), preload = lamps)]
async fn a_restore_leaves_cursors_and_is_handled_as_changes(app: TestApp) {
    let a = lamp(&app, "a");
    let snapshot = app.store().create_snapshot();
    level(&app, a, 7).await;
    app.settle().await;
    app.store().restore_snapshot(&snapshot).await.unwrap();
    app.settle().await;
    assert_eq!(noted(), ["7", "0"]);
    assert_eq!(echo_of(&app, a), 0);
    let app = app.restart(ms(0)).await;
    assert!(noted().is_empty());
    level(&app, a, 2).await;
    app.settle().await;
    assert_eq!(noted(), ["2"]);
}

#[on_change(Lamp.Level, durable = "leading", leader)]
async fn audited(change: Change<Lamp, i64>, leadership: &Leadership, cx: &mut Cx) -> Result<()> {
    note(format!("{} with {}", change.current(), leadership.token()));
    let amount = change.current();
    cx.tx()?.add(change.id(), Lamp::FIELDS.Echo, amount)
}

#[qlib::test(workers(audited), preload = lamps)]
async fn what_a_leader_could_not_commit_the_next_one_does(app: TestApp) {
    let a = lamp(&app, "a");
    level(&app, a, 3).await;
    app.store().disconnect().unwrap();
    app.advance(ms(1_000)).await;
    assert_eq!(noted(), ["3 with 1"]);
    app.store().connect().unwrap();
    app.settle().await;
    assert_eq!(noted(), ["3 with 2"]);
    assert_eq!(echo_of(&app, a), 3);
}
