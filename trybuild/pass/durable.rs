//! Handlers that handle each input once, whatever becomes of the process.

use qlib::prelude::*;

#[derive(Entity, Debug)]
struct Device {
    #[field(default = false)]
    on: bool,
    #[field(default = 0)]
    switched: i64,
}

#[derive(Default)]
struct Auditor;

#[worker]
impl Auditor {
    #[on_change(Device.On, context(name = Device.Name), when(current), writes, own, durable = "audit", retry(times = 2))]
    async fn switched(
        &mut self,
        change: Change<Device, bool>,
        name: String,
        cx: &mut Cx,
    ) -> Result<()> {
        tracing::info!(name, "switched on");
        cx.tx()?.add(change.id(), Device::FIELDS.Switched, 1)
    }

    #[on_create(Device, durable = "made", leader)]
    async fn made(&mut self, leadership: &Leadership, cx: &mut Cx) -> Result<()> {
        let _ = leadership.token();
        cx.tx()?.find("/").map(drop)
    }

    #[every("1h", persistent = "report", catch_up = "all", leader, limit = "1m")]
    async fn report(&mut self, cx: &mut Cx) -> Result<()> {
        let service = cx.service();
        let hour = cx.tick().map(|hour| hour.to_string());
        cx.tx()?.set_value(
            service,
            "Description",
            hour.map(|hour| hour.as_str().into()),
        )
    }
}

#[on_delete(Device, durable = "gone")]
async fn gone(deleted: Deleted<Device>, cx: &mut Cx) -> Result<()> {
    tracing::info!(name = deleted.name(), "gone");
    cx.tx()?.exists(deleted.id()).map(drop)
}

#[every("1d", persistent = "daily", catch_up = "skip")]
async fn daily() -> Result<()> {
    Ok(())
}

#[every("1d", persistent = "once", catch_up = "once")]
async fn once() -> Result<()> {
    Ok(())
}

#[every("1d", persistent = "nothing said")]
async fn nothing_said() -> Result<()> {
    Ok(())
}

qlib::main!("durable");
