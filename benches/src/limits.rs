//! What the machine itself can do, to read the other rows by.

use crate::rounds::Side;
use crate::row::{Row, Theme};
use crate::work::{Can, ENTITIES, Work};
use std::collections::HashMap;
use std::hint::black_box;
use std::sync::RwLock;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// The machine as a side.
pub(crate) struct Machine;

impl Side for Machine {
    fn name(&self) -> String {
        "this machine".to_owned()
    }

    fn figure(&mut self, row: &Row) -> Can<f64> {
        if row.theme != Theme::Machine {
            return Ok(None);
        }
        match row.work {
            Work::HashMapUpdate => Ok(Some(hash_map_update())),
            Work::SlotRead => Ok(Some(slot_read())),
            Work::LockedSlotRead => locked_slot_read().map(Some),
            Work::ActorCall => actor_call().map(Some),
            _ => Ok(None),
        }
    }
}

/// Seconds that one call of `step` takes.
fn time(mut step: impl FnMut()) -> f64 {
    let (start, mut steps) = (Instant::now(), 0_u32);
    while start.elapsed() < Duration::from_millis(150) {
        step();
        steps += 1;
    }
    start.elapsed().as_secs_f64() / f64::from(steps)
}

fn hash_map_update() -> f64 {
    let keys = 0..1_000_u64;
    let mut map: HashMap<u64, i64> = keys.clone().map(|key| (key, 0)).collect();
    let seconds = time(|| {
        for key in keys.clone() {
            if let Some(slot) = map.get_mut(&black_box(key)) {
                *slot += 1;
            }
        }
    });
    1_000.0 / seconds
}

fn slot_read() -> f64 {
    let slots: Vec<i64> = (0..ENTITIES as i64).collect();
    let seconds = time(|| {
        let mut sum = 0;
        for &slot in &slots {
            sum += black_box(slot);
        }
        black_box(sum);
    });
    seconds * 1e9 / ENTITIES as f64
}

fn locked_slot_read() -> anyhow::Result<f64> {
    let slots = RwLock::new((0..ENTITIES as i64).collect::<Vec<_>>());
    let mut poisoned = false;
    let seconds = time(|| {
        let mut sum = 0;
        for index in 0..ENTITIES {
            match slots.read() {
                Ok(slots) => sum += black_box(slots.get(index).copied().unwrap_or(0)),
                Err(_) => poisoned = true,
            }
        }
        black_box(sum);
    });
    anyhow::ensure!(!poisoned, "the lock is poisoned");
    Ok(seconds * 1e9 / ENTITIES as f64)
}

fn actor_call() -> anyhow::Result<f64> {
    const CALLS: usize = 200_000;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let (calls, mut inbox) = mpsc::channel::<(i64, oneshot::Sender<i64>)>(64);
        let actor = tokio::spawn(async move {
            while let Some((value, answer)) = inbox.recv().await {
                // Nobody waits for it any more: not the actor's concern.
                let _ = answer.send(value + 1);
            }
        });
        let start = Instant::now();
        for call in 0..CALLS {
            let (answer, answered) = oneshot::channel();
            calls.send((call as i64, answer)).await?;
            black_box(answered.await?);
        }
        let elapsed = start.elapsed();
        drop(calls);
        actor.await?;
        Ok(CALLS as f64 / elapsed.as_secs_f64())
    })
}
