//! A request and its answer, by entities.

use qlib::TestApp;
use qlib::prelude::*;

use crate::common::{Lamp, lamp, lamps, level, ms, note, timed};

#[derive(Default)]
struct Both;

#[worker]
impl Both {
    /// Asks and waits, while the answer comes to a worker of its own.
    #[on_change(Lamp.Level, retry(times = 1))]
    async fn ask(&mut self, change: Change<Lamp, i64>, cx: &mut Cx) -> Result<()> {
        let answer = cx
            .request(change.id(), Lamp::FIELDS.Heat, 20.0)
            .reply_in(Lamp::FIELDS.Echo, ms(500));
        match answer.await {
            Ok(answer) => note(format!("answer {answer}")),
            Err(error @ Error::NoAnswer { .. }) => {
                note("no answer");
                return Err(error);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

#[on_change(Lamp.Heat, context(level = Lamp.Level))]
async fn answering(change: Change<Lamp, f64>, level: i64, cx: &mut Cx) -> Result<()> {
    if level == 1 {
        qlib_tests::pause(ms(100)).await;
        change.entity(cx)?.set_echo(42).commit().await?;
    }
    Ok(())
}

#[qlib::test(workers(Both, answering), preload = lamps)]
async fn an_answer_comes_while_the_worker_waits(app: TestApp) {
    level(&app, lamp(&app, "a"), 1).await;
    app.advance(ms(1_000)).await;
    assert_eq!(timed(), [(100, "answer 42".to_owned())]);
}

#[qlib::test(workers(Both, answering), preload = lamps)]
async fn no_answer_in_time_is_an_error(app: TestApp) {
    let a = lamp(&app, "a");
    level(&app, a, 2).await;
    app.advance(ms(1_000)).await;
    assert_eq!(timed(), [(500, "no answer".to_owned())]);
    let letters = app.assert_dead_letters(1);
    assert_eq!(
        letters[0].error,
        format!("no answer within 500ms to the request in Heat of /a ({a})")
    );
}
