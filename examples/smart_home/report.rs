//! A daily report that neither forgets nor repeats, whatever becomes of the program.

use qlib::prelude::*;

use crate::model::{Device, Power};

/// Counts how often a light is switched on. It is durable: what was switched while this did not run,
/// or was killed, is counted when it runs again, once.
#[on_change(Device.Status, when(current == Power::On), durable = "switchings")]
pub(crate) async fn count_switchings(change: Change<Device, Power>, cx: &mut Cx) -> Result<()> {
    cx.tx()?.add(change.id(), Device::FIELDS.Switched, 1)
}

/// Tells the counts once a day, and begins anew. Days that were missed are told as one.
#[every("1d", persistent = "daily report", catch_up = "once")]
pub(crate) async fn report(cx: &mut Cx) -> Result<()> {
    let tx = cx.tx()?;
    for light in tx.select::<Device>().all()? {
        tracing::info!(light = %light.id, switched = light.value.switched, "since yesterday");
        tx.set(light.id, Device::FIELDS.Switched, 0)?;
    }
    Ok(())
}
