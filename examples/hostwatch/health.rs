//! The health of a part is that of its worst alarm; the health of the host is that of its worst part.

use qlib::prelude::*;

use crate::model::{Alarm, Health, Host, Part};

/// Keeps health up to date, from the alarms upwards.
#[derive(Default)]
pub(crate) struct HealthKeeper;

#[worker]
impl HealthKeeper {
    #[on_change(Alarm.Level, context(part = Alarm.About))]
    async fn alarm_changed(
        &mut self,
        _change: Change<Alarm, Health>,
        part: Ref<Part>,
        cx: &mut Cx,
    ) -> Result<()> {
        check_part(part, cx).await
    }

    #[on_delete(Alarm)]
    async fn alarm_cleared(&mut self, deleted: Deleted<Alarm>, cx: &mut Cx) -> Result<()> {
        let part = deleted.last(cx, Alarm::FIELDS.About)?;
        check_part(part, cx).await
    }

    /// Disks and all other entities that extend Part come here too.
    #[on_change(Part.Health, context(host = Part.Host))]
    async fn part_changed(
        &mut self,
        _change: Change<Part, Health>,
        host: Ref<Host>,
        cx: &mut Cx,
    ) -> Result<()> {
        check_host(host, cx).await
    }

    #[on_delete(Part)]
    async fn part_gone(&mut self, deleted: Deleted<Part>, cx: &mut Cx) -> Result<()> {
        let host = deleted.last(cx, Part::FIELDS.Host)?;
        check_host(host, cx).await
    }

    #[on_change(Host.Health, context(name = Host.Name))]
    async fn host_changed(&mut self, change: Change<Host, Health>, name: String) -> Result<()> {
        // The first value of a new host is no news.
        if let Some(previous) = change.previous() {
            let health = change.current();
            match health {
                Health::Ok => tracing::info!("{name} is {health:?} again, it was {previous:?}"),
                _ => tracing::warn!("{name} is {health:?}, it was {previous:?}"),
            }
        }
        Ok(())
    }
}

async fn check_part(part: Ref<Part>, cx: &Cx) -> Result<()> {
    let checked = cx.transaction(|tx| {
        if tx.exists(part)? {
            let about_part = Alarm::FIELDS.About.eq(part);
            let alarms = tx.select::<Alarm>().filter(about_part).all()?;
            let worst = worst(alarms.iter().map(|alarm| alarm.value.level));
            tx.set_if_changed(part, Part::FIELDS.Health, worst)?;
        }
        Ok(())
    });
    checked.await
}

async fn check_host(host: Ref<Host>, cx: &Cx) -> Result<()> {
    let checked = cx.transaction(|tx| {
        if tx.exists(host)? {
            let of_host = Part::FIELDS.Host.eq(host);
            let parts = tx.select::<Part>().filter(of_host).all()?;
            let worst = worst(parts.iter().map(|part| part.value.health));
            tx.set_if_changed(host, Host::FIELDS.Health, worst)?;
        }
        Ok(())
    });
    checked.await
}

fn worst(healths: impl Iterator<Item = Health>) -> Health {
    healths.max().unwrap_or(Health::Ok)
}

#[cfg(test)]
mod tests {
    use qlib::TestApp;

    use super::*;
    use crate::testing::{HOST, memory, small_host};

    fn alarm(app: &TestApp, part: EntityId, name: &str, level: Health) -> Ref<Alarm> {
        let alarm = || {
            Alarm::builder()
                .about(part)
                .level(level)
                .message("a test")
                .since(app.now())
        };
        let mut id = None;
        drop(app.store().transaction(|tx| {
            id = Some(tx.create(part, name, alarm())?);
            Ok(())
        }));
        id.unwrap()
    }

    fn delete(app: &TestApp, id: impl Into<EntityId>) {
        let id = id.into();
        drop(app.store().transaction(|tx| {
            tx.delete(id);
            Ok(())
        }));
    }

    #[qlib::test(workers(HealthKeeper), preload = small_host)]
    async fn the_worst_part_makes_the_health_of_the_host(app: TestApp) {
        let host = app.store().find(HOST).unwrap();
        let disk = app.store().find("/host/Disks/root").unwrap();
        let mut health = app.record(Host::FIELDS.Health);
        let of = |part| app.store().read(part, Part::FIELDS.Health).unwrap();

        let full = alarm(&app, memory(&app), "full", Health::Warning);
        app.settle().await;
        health.assert([Health::Warning]);
        let broken = alarm(&app, disk, "broken", Health::Critical);
        alarm(&app, disk, "old", Health::Warning);
        app.settle().await;
        health.assert([Health::Critical]);
        assert_eq!(
            (of(memory(&app)), of(disk)),
            (Health::Warning, Health::Critical)
        );

        delete(&app, broken);
        app.settle().await;
        assert_eq!(of(disk), Health::Warning);
        health.assert([Health::Warning]);
        delete(&app, full);
        app.settle().await;
        health.assert([] as [Health; 0]);
        // The disk takes its alarm with it.
        delete(&app, disk);
        app.settle().await;
        health.assert([Health::Ok]);
        assert_eq!(app.store().get::<Host>(host).unwrap().health, Health::Ok);
        app.assert_dead_letters(0);
    }
}
