//! Rules that raise alarms, and clear them.

use qlib::prelude::*;

use crate::model::{Alarm, Disk, Health, Host, Memory, Part, Processor};

/// Where an alarm of some level begins, and below what it ends. Between the two it stays as it is: a
/// value that trembles around one threshold raises one alarm, not many.
#[derive(Clone, Copy)]
struct Band {
    raise: f64,
    clear: f64,
}

/// What a value must be like.
struct Rule {
    /// The name of its alarms.
    name: &'static str,
    warning: Band,
    critical: Band,
}

const CPU: Rule = Rule {
    name: "busy",
    warning: Band {
        raise: 85.0,
        clear: 75.0,
    },
    critical: Band {
        raise: 97.0,
        clear: 92.0,
    },
};

const MEMORY: Rule = Rule {
    name: "full",
    warning: Band {
        raise: 85.0,
        clear: 80.0,
    },
    critical: Band {
        raise: 95.0,
        clear: 92.0,
    },
};

const DISK: Rule = Rule {
    name: "full",
    warning: Band {
        raise: 85.0,
        clear: 83.0,
    },
    critical: Band {
        raise: 95.0,
        clear: 93.0,
    },
};

impl Rule {
    /// The level for a value, when the level was `before`.
    fn level(&self, before: Health, value: f64) -> Health {
        let holds = |band: Band, level: Health| {
            value >= band.raise || (before >= level && value >= band.clear)
        };
        if holds(self.critical, Health::Critical) {
            Health::Critical
        } else if holds(self.warning, Health::Warning) {
            Health::Warning
        } else {
            Health::Ok
        }
    }

    /// Raises, changes or clears the alarm of this rule about a part.
    async fn judge(
        &self,
        part: EntityId,
        host: Ref<Host>,
        value: f64,
        message: String,
        cx: &Cx,
    ) -> Result<()> {
        let judged = cx.transaction(|tx| {
            let about_part = Alarm::FIELDS.About.eq(Ref::<Part>::new(part));
            let alarms = tx.select::<Alarm>().filter(about_part).all()?;
            let standing = alarms.iter().find(|alarm| alarm.name == self.name);
            let before = standing.map_or(Health::Ok, |alarm| alarm.value.level);
            let now = self.level(before, value);
            match standing {
                _ if now == before => {}
                Some(alarm) if now == Health::Ok => tx.delete(alarm.id),
                Some(alarm) => {
                    tx.set(alarm.id, Alarm::FIELDS.Level, now)?;
                    tx.set(alarm.id, Alarm::FIELDS.Message, message.clone())?;
                }
                // The part may be gone since: a disk can be unmounted.
                None if !tx.exists(part)? => {}
                None => {
                    let alarm = Alarm::builder()
                        .about(part)
                        .level(now)
                        .message(message.clone())
                        .since(Timestamp::now());
                    tx.create(part, self.name, alarm)?;
                    tx.add(host, Host::FIELDS.AlarmsRaised, 1)?;
                }
            }
            Ok(())
        });
        judged.await
    }
}

/// Holds the machine against the rules.
#[derive(Default)]
pub(crate) struct Alarms;

#[worker]
impl Alarms {
    #[on_change(Processor.Average, context(host = Processor.Host))]
    async fn cpu(
        &mut self,
        change: Change<Processor, f64>,
        host: Ref<Host>,
        cx: &mut Cx,
    ) -> Result<()> {
        let usage = change.current();
        let message = format!("the CPU is {usage:.0} % busy");
        CPU.judge(change.id(), host, usage, message, cx).await
    }

    #[on_change(Memory.Usage, context(host = Memory.Host))]
    async fn memory(
        &mut self,
        change: Change<Memory, f64>,
        host: Ref<Host>,
        cx: &mut Cx,
    ) -> Result<()> {
        let usage = change.current();
        let message = format!("the memory is {usage:.0} % full");
        MEMORY.judge(change.id(), host, usage, message, cx).await
    }

    #[on_change(Disk.Usage, context(host = Disk.Host, mount = Disk.Mount))]
    async fn disk(
        &mut self,
        change: Change<Disk, f64>,
        host: Ref<Host>,
        mount: String,
        cx: &mut Cx,
    ) -> Result<()> {
        let usage = change.current();
        let message = format!("the disk at {mount} is {usage:.0} % full");
        DISK.judge(change.id(), host, usage, message, cx).await
    }

    #[on_change(Alarm.Level, context(message = Alarm.Message))]
    async fn raised(&mut self, change: Change<Alarm, Health>, message: String) -> Result<()> {
        match change.current() {
            Health::Critical => tracing::error!("{message}"),
            _ => tracing::warn!("{message}"),
        }
        Ok(())
    }

    #[on_delete(Alarm)]
    async fn cleared(&mut self, deleted: Deleted<Alarm>, cx: &mut Cx) -> Result<()> {
        let message = deleted.last(cx, Alarm::FIELDS.Message)?;
        tracing::info!("no longer: {message}");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use qlib::TestApp;

    use super::*;
    use crate::testing::{HOST, memory, small_host};

    #[test]
    fn a_level_is_kept_between_its_thresholds() {
        use Health::{Critical, Ok, Warning};
        for (before, value, after) in [
            (Ok, 84.9, Ok),
            (Ok, 85.0, Warning),
            (Warning, 80.0, Warning),
            (Warning, 79.9, Ok),
            (Ok, 99.0, Critical),
            (Critical, 92.0, Critical),
            (Critical, 91.9, Warning),
            (Critical, 79.9, Ok),
        ] {
            assert_eq!(MEMORY.level(before, value), after, "{before:?} at {value}");
        }
    }

    #[qlib::test(workers(Alarms), preload = small_host)]
    async fn a_trembling_value_raises_one_alarm(app: TestApp) {
        let alarms = || app.store().select::<Alarm>().all().unwrap();
        let memory = memory(&app);
        let mut levels = app.record(Alarm::FIELDS.Level);
        for usage in [70.0, 86.0, 84.0, 86.0, 84.0] {
            app.store()
                .bind(memory)
                .set(Memory::FIELDS.Usage, usage)
                .commit()
                .await
                .unwrap();
            app.settle().await;
        }
        levels.assert([Health::Warning]);
        let [alarm] = &alarms()[..] else {
            panic!("one alarm: {:?}", alarms());
        };
        assert_eq!(alarm.value.about.id(), memory);
        assert_eq!(alarm.value.message, "the memory is 86 % full");

        for usage in [96.0, 93.0, 79.0] {
            app.store()
                .bind(memory)
                .set(Memory::FIELDS.Usage, usage)
                .commit()
                .await
                .unwrap();
            app.settle().await;
        }
        levels.assert([Health::Critical]);
        assert!(alarms().is_empty());
        let host = app.store().find(HOST).unwrap();
        assert_eq!(app.store().get::<Host>(host).unwrap().alarms_raised, 1);
        app.assert_dead_letters(0);
    }

    #[qlib::test(workers(Alarms), preload = small_host)]
    async fn the_alarm_of_a_disk_goes_with_the_disk(app: TestApp) {
        let disk = app.store().find("/host/Disks/root").unwrap();
        app.store()
            .bind(disk)
            .set(Disk::FIELDS.Usage, 99.0)
            .commit()
            .await
            .unwrap();
        app.settle().await;
        assert!(app.store().find("/host/Disks/root/full").is_ok());
        app.store()
            .transaction(|tx| {
                tx.delete(disk);
                Ok(())
            })
            .await
            .unwrap();
        app.settle().await;
        assert_eq!(app.store().select::<Alarm>().count().unwrap(), 0);
        app.assert_dead_letters(0);
    }
}
