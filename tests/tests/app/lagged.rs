//! A handler that is slower than the recent window is told what it lost.

use qlib::prelude::*;
use qlib::{App, Clock, Store, WindowLimits};

use crate::common::{Lamp, Room, lamps, ms, note, noted};

#[derive(Default)]
struct Slow;

#[worker]
impl Slow {
    #[on_change(Lamp.Level, limit = "60s")]
    async fn level(&mut self, change: Change<Lamp, i64>) -> Result<()> {
        note(format!("level {}", change.current()));
        qlib_tests::pause(ms(1_000)).await;
        Ok(())
    }

    #[on_lagged]
    async fn lagged(&mut self, lagged: Lagged) -> Result<()> {
        note(format!("lost {}", lagged.next - lagged.read - 1));
        Ok(())
    }
}

#[test]
fn lost_changes_are_told() {
    let window = WindowLimits {
        commits: 4,
        ..WindowLimits::default()
    };
    let store = Store::memory_with(Clock::current(), window).unwrap();
    let mut builder = App::builder("test")
        .entity::<Lamp>()
        .entity::<Room>()
        .register(|registry| registry.worker::<Slow>())
        .store(store.clone());
    builder.preload(lamps);
    qlib_tests::run(async {
        let running = builder.start().await.unwrap();
        let a = store.find("/a").unwrap();
        // The leadership's own commits come first.
        qlib_tests::pause(ms(10)).await;
        for value in 1..=10 {
            let written = store.transaction(|tx| tx.set(a, Lamp::FIELDS.Level, value));
            written.await.unwrap();
            if value == 1 {
                qlib_tests::pause(ms(10)).await;
            }
        }
        qlib_tests::pause(ms(20_000)).await;
        running.stop().await;
    });
    let noted = noted();
    assert_eq!(
        noted,
        [
            "level 1", "lost 5", "level 7", "level 8", "level 9", "level 10"
        ]
    );
}
