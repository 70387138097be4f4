//! `#[every]`: a fixed rate from the end of init; missed ticks are skipped, but one.

use qlib::prelude::*;
use qlib::{AppBuilder, TestApp};

use crate::common::{ms, note, times_of};

#[derive(Default)]
struct Clock {
    slow: u32,
}

#[worker]
impl Clock {
    #[init]
    async fn init(&mut self) -> Result<()> {
        note("init");
        Ok(())
    }

    #[every("1s")]
    async fn second(&mut self) -> Result<()> {
        note("second");
        self.slow += 1;
        if self.slow == 2 {
            qlib_tests::pause(ms(3_500)).await;
        }
        Ok(())
    }
}

#[derive(Default)]
struct Ticking;

#[worker]
impl Ticking {
    #[every(tick)]
    async fn tick(&mut self) -> Result<()> {
        note("tick");
        Ok(())
    }
}

#[every("1s")]
async fn alone() -> Result<()> {
    note("alone");
    Err(Error::other("no luck"))
}

#[qlib::test(workers(Clock))]
async fn missed_ticks_are_skipped_but_one(app: TestApp) {
    app.advance(ms(8_000)).await;
    // The second call lasts from 2 s to 5.5 s: of 3, 4 and 5 s one is delivered, then it goes on.
    assert_eq!(
        times_of("second"),
        [1_000, 2_000, 5_500, 6_000, 7_000, 8_000]
    );
}

#[qlib::test(workers(Ticking))]
async fn the_tick_of_an_application_is_100_ms(app: TestApp) {
    app.advance(ms(350)).await;
    assert_eq!(times_of("tick"), [100, 200, 300]);
}

fn slowly(app: &mut AppBuilder) {
    app.tick(ms(250));
}

#[qlib::test(workers(Ticking), setup = slowly)]
async fn the_tick_is_a_setting(app: TestApp) {
    app.advance(ms(600)).await;
    assert_eq!(times_of("tick"), [250, 500]);
}

#[qlib::test(workers(alone))]
async fn a_tick_that_fails_is_tried_again(app: TestApp) {
    app.advance(ms(1_700)).await;
    assert_eq!(times_of("alone"), [1_000, 1_100, 1_500]);
}
