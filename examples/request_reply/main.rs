//! Questions and answers between workers, by entities: with a time limit, and with cleaning up.

#[cfg(test)]
mod tests;

use std::time::Duration;

use qlib::Transaction;
use qlib::prelude::*;

/// Where requests stand.
#[derive(Entity, Debug)]
struct Desk {}

/// A request, for as long as somebody waits for its answer.
#[derive(Entity, Debug)]
struct Request {
    /// Is this number a prime?
    #[field(default = 0)]
    question: i64,
    #[field(default = "")]
    answer: String,
    asked: Timestamp,
}

/// How long the client waits.
const LIMIT: Duration = Duration::from_millis(300);
/// How old a request may be before it counts as abandoned.
const OLD: Duration = Duration::from_secs(5);

/// Asks a question every second.
#[derive(Default)]
struct Client {
    asked: i64,
}

#[worker]
impl Client {
    #[every("1s")]
    async fn ask(&mut self, cx: &mut Cx) -> Result<()> {
        self.asked += 1;
        let number = 100 + self.asked;
        let desk = cx.store().find("/Desk")?;
        let asked = cx.now();
        let made = cx.transaction(|tx| {
            let request = Request::builder().asked(asked);
            tx.create(desk, format!("{number}"), request)
        });
        let request = made.receipt().await?.value;
        let answer = cx
            .request(request, Request::FIELDS.Question, number)
            .reply_in(Request::FIELDS.Answer, LIMIT)
            .await;
        match answer {
            Ok(answer) => tracing::info!(number, answer, "answered"),
            Err(error @ Error::NoAnswer { .. }) => tracing::warn!(number, %error, "gave up"),
            Err(error) => return Err(error),
        }
        // Whatever came of it, the request is over.
        cx.transaction(|tx| {
            tx.delete(request);
            Ok(())
        })
        .await
    }
}

/// Answers questions; every fourth one takes too long.
#[derive(Default)]
struct Server;

#[worker]
impl Server {
    #[on_change(Request.Question, keyed, when(current != 0))]
    async fn answer(&mut self, change: Change<Request, i64>, cx: &mut Cx) -> Result<()> {
        let number = change.current();
        let thinking = if number % 4 == 0 {
            2 * LIMIT
        } else {
            LIMIT / 10
        };
        tokio::time::sleep(thinking).await;
        let answer = match (2..number).find(|divisor| number % divisor == 0) {
            None => "a prime".to_owned(),
            Some(divisor) => format!("{divisor} times {}", number / divisor),
        };
        // If the client has given up, the entity is gone, and so is the work: `?` ends it.
        change.entity(cx)?.set_answer(answer).commit().await
    }
}

/// Removes what a client has left that did not live to do so.
#[derive(Default)]
struct Janitor;

#[worker]
impl Janitor {
    #[every("1s")]
    async fn clean(&mut self, cx: &mut Cx) -> Result<()> {
        let now = cx.now();
        cx.transaction(|tx| {
            for request in tx.select::<Request>().all()? {
                if now.since(request.value.asked) > OLD {
                    tracing::warn!(request = %request.name, "abandoned");
                    tx.delete(request.id);
                }
            }
            Ok(())
        })
        .await
    }
}

fn furnish(tx: &mut Transaction<'_>) -> Result<()> {
    if tx.find("/Desk").is_err() {
        tx.create(EntityId::ROOT, "Desk", Desk::builder())?;
    }
    Ok(())
}

qlib::main!(
    "request-reply",
    setup = |app| {
        if let Some(time) = app.time_option("for", "End after this time, such as 30s")? {
            app.end_after(time);
        }
        app.preload(furnish);
        Ok(())
    }
);
