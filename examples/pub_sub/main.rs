//! Publish and subscribe: a topic is an entity, a message is a write, subscribers are handlers.

#[cfg(test)]
mod tests;

use std::time::Duration;

use qlib::prelude::*;
use qlib::{FieldEvent, Transaction};

/// Something that messages are about.
#[derive(Entity, Debug)]
struct Topic {
    /// The newest message; who comes late still finds it.
    #[field(default = "")]
    message: String,
    published: Option<Timestamp>,
    #[field(default = 0)]
    count: i64,
}

/// After this time without a message a topic is told to be silent.
const SILENT: Duration = Duration::from_secs(2);
/// After this time it is removed.
const OLD: Duration = Duration::from_secs(6);

/// Publishes a message; makes the topic if there is none.
fn publish(tx: &mut Transaction<'_>, topic: &str, message: &str, now: Timestamp) -> Result<()> {
    let id = match tx.find(&format!("/{topic}")) {
        Ok(id) => id,
        Err(_) => tx.create(EntityId::ROOT, topic, Topic::builder())?.id(),
    };
    tx.set(id, Topic::FIELDS.Message, message.to_owned())?;
    tx.set(id, Topic::FIELDS.Published, Some(now))?;
    tx.add(id, Topic::FIELDS.Count, 1)
}

/// Publishes weather for ever, and news that end after a while.
#[derive(Default)]
struct Publisher {
    hours: usize,
}

#[worker]
impl Publisher {
    #[every("700ms")]
    async fn publish(&mut self, cx: &mut Cx) -> Result<()> {
        let (hour, now) = (self.hours, cx.now());
        self.hours += 1;
        let weather = ["sun", "sun", "rain"][hour % 3];
        cx.transaction(|tx| {
            publish(tx, "weather", weather, now)?;
            if hour < 3 {
                publish(tx, "news", &format!("headline {hour}"), now)?;
            }
            Ok(())
        })
        .await
    }
}

/// Hears everything of every topic, equal messages too.
#[on_change(Topic.Message, writes, when(!current.is_empty()), context(topic = Topic.Name))]
async fn archive(change: Change<Topic, String>, topic: String) -> Result<()> {
    tracing::info!(topic, said = change.current(), "archive");
    Ok(())
}

/// Hears one topic, and only what is new; what was published before it began comes first.
#[on_change(Topic.Message, initial, when(topic == "weather" && !current.is_empty()), context(topic = Topic.Name))]
async fn umbrella(change: Change<Topic, String>) -> Result<()> {
    let open = change.current() == "rain";
    tracing::info!(open, "umbrella");
    Ok(())
}

/// Listens to the news for as long as they are interesting.
#[derive(Default)]
struct Reader;

#[worker]
impl Reader {
    #[on_create(Topic)]
    async fn begin(&mut self, created: Created<Topic>, cx: &mut Cx) -> Result<()> {
        if created.name() != "news" {
            return Ok(());
        }
        let mut news = cx
            .store()
            .subscribe(Topic::FIELDS.Message)
            .with(|news| news.named("reader").entity(created.id()).initial().latest())
            .start()?;
        // A subscription that a program holds itself ends when it is dropped.
        tokio::task::spawn_local(async move {
            let end = tokio::time::timeout(OLD, async {
                let mut heard = 0;
                while heard < 3 {
                    if let Ok(FieldEvent::Change(change)) = news.next().await {
                        tracing::info!(headline = change.current(), "reader");
                        heard += 1;
                    }
                }
            });
            let heard_enough = end.await.is_ok();
            tracing::info!(heard_enough, "reader ends its subscription");
        });
        Ok(())
    }
}

/// Watches for silence, and removes topics that nobody uses any more.
#[derive(Default)]
struct Janitor;

#[worker]
impl Janitor {
    #[every("1s")]
    async fn clean(&mut self, cx: &mut Cx) -> Result<()> {
        let now = cx.now();
        cx.transaction(|tx| {
            for topic in tx.select::<Topic>().all()? {
                match topic.value.published.map(|last| now.since(last)) {
                    Some(silence) if silence >= OLD => tx.delete(topic.id),
                    Some(silence) if silence >= SILENT => {
                        tracing::warn!(topic = %topic.name, ?silence, "silent")
                    }
                    _ => {}
                }
            }
            Ok(())
        })
        .await
    }
}

#[on_delete(Topic)]
async fn removed(deleted: Deleted<Topic>, cx: &mut Cx) -> Result<()> {
    let messages = deleted.last(cx, Topic::FIELDS.Count)?;
    tracing::info!(topic = deleted.name(), messages, "removed");
    Ok(())
}

qlib::main!(
    "pub-sub",
    setup = |app| {
        if let Some(time) = app.time_option("for", "End after this time, such as 30s")? {
            app.end_after(time);
        }
        Ok(())
    }
);
