//! Values that come with a change, as they were at its revision.

use qlib::prelude::*;
use qlib::{TestApp, Transaction};

use crate::common::{Lamp, Room, level, note, noted};

#[on_change(Lamp.Level, context(name = Lamp.Name, echo = Lamp.Echo, room = Lamp.Room -> Room.Name))]
async fn telling(
    change: Change<Lamp, i64>,
    room: Option<String>,
    name: String,
    echo: i64,
) -> Result<()> {
    note(format!(
        "{name} in {room:?} with {echo}: {}",
        change.current()
    ));
    Ok(())
}

fn furnish(tx: &mut Transaction<'_>) -> Result<()> {
    let hall = tx.create(EntityId::ROOT, "hall", Room::builder())?;
    tx.create(EntityId::ROOT, "a", Lamp::builder().room(hall).echo(5))?;
    Ok(())
}

#[qlib::test(workers(telling), preload = furnish)]
async fn context_is_as_of_the_change(app: TestApp) {
    let (lamp, hall) = (
        app.store().find("/a").unwrap(),
        app.store().find("/hall").unwrap(),
    );
    level(&app, lamp, 1).await;
    let later = app.store().transaction(|tx| {
        tx.rename(hall, "kitchen");
        tx.rename(lamp, "b");
        tx.set(lamp, Lamp::FIELDS.Echo, 6)?;
        tx.set(lamp, Lamp::FIELDS.Level, 2)?;
        Ok(())
    });
    later.await.unwrap();
    let gone = app.store().transaction(|tx| {
        tx.set(lamp, Lamp::FIELDS.Room, None)?;
        tx.set(lamp, Lamp::FIELDS.Level, 3)?;
        Ok(())
    });
    gone.await.unwrap();
    app.settle().await;
    assert_eq!(
        noted(),
        [
            "a in Some(\"hall\") with 5: 1",
            "b in Some(\"kitchen\") with 6: 2",
            "b in None with 6: 3"
        ]
    );
}
