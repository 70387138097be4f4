//! In which order the handlers of one worker run.

use qlib::TestApp;
use qlib::prelude::*;

use crate::common::{Lamp, echo, lamp, lamps, level, ms, note, noted, timed};

#[derive(Default)]
struct Ordered {
    busy: bool,
}

#[worker]
impl Ordered {
    #[on_delete(Lamp)]
    async fn deleted(&mut self, deleted: Deleted<Lamp>) -> Result<()> {
        note(format!("deleted {}", deleted.name()));
        Ok(())
    }

    #[on_change(Lamp.Echo)]
    async fn echo(&mut self, change: Change<Lamp, i64>) -> Result<()> {
        note(format!("echo {}", change.current()));
        Ok(())
    }

    #[on_change(Lamp.Level)]
    async fn level(&mut self, change: Change<Lamp, i64>) -> Result<()> {
        assert!(!self.busy);
        self.busy = true;
        qlib_tests::pause(ms(10)).await;
        self.busy = false;
        note(format!("level {}", change.current()));
        Ok(())
    }

    #[on_create(Lamp)]
    async fn created(&mut self, created: Created<Lamp>) -> Result<()> {
        note(format!("created {}", created.name()));
        Ok(())
    }

    #[on_move(Lamp)]
    async fn moved(&mut self, moved: Moved<Lamp>) -> Result<()> {
        note(format!(
            "moved {:?} {}",
            moved.previous_name(),
            moved.name()
        ));
        Ok(())
    }
}

#[qlib::test(workers(Ordered), preload = lamps)]
async fn handlers_of_a_worker_run_by_revision(app: TestApp) {
    let (a, b) = (lamp(&app, "a"), lamp(&app, "b"));
    for value in 1..=3 {
        level(&app, a, value).await;
        echo(&app, b, value).await;
    }
    app.advance(ms(30)).await;
    assert_eq!(
        timed(),
        [
            (10, "level 1"),
            (10, "echo 1"),
            (20, "level 2"),
            (20, "echo 2"),
            (30, "level 3"),
            (30, "echo 3")
        ]
        .map(|(at, text)| (at, text.to_owned()))
    );
}

#[qlib::test(workers(Ordered), preload = lamps)]
async fn what_happens_to_an_entity_comes_in_the_order_of_the_commit(app: TestApp) {
    let made = app
        .store()
        .transaction(|tx| tx.create(EntityId::ROOT, "c", Lamp::builder().level(7).echo(8)));
    let c = made.receipt().await.unwrap().value.id();
    let renamed = app.store().transaction(|tx| {
        tx.rename(c, "d");
        Ok(())
    });
    renamed.await.unwrap();
    let deleted = app.store().transaction(|tx| {
        tx.delete(c);
        Ok(())
    });
    deleted.await.unwrap();
    app.advance(ms(100)).await;
    let mut noted = noted();
    assert_eq!(noted.remove(0), "created c");
    noted[..2].sort();
    assert_eq!(
        noted,
        ["echo 8", "level 7", "moved Some(\"c\") d", "deleted d"]
    );
}
