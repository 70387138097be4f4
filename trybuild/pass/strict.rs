//! An author who asks everything of the compiler is not told of code that qlib wrote.
#![deny(warnings, clippy::all, clippy::pedantic, clippy::nursery)]
#![deny(
    missing_docs,
    missing_debug_implementations,
    missing_copy_implementations,
    unreachable_pub,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unused_lifetimes,
    unused_qualifications,
    unused_results,
    let_underscore_drop,
    elided_lifetimes_in_paths,
    non_ascii_idents
)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_docs_in_private_items,
    clippy::shadow_unrelated,
    clippy::as_conversions,
    clippy::wildcard_imports
)]
#![forbid(unsafe_code)]
// These are about the author's own functions, whose shape is the handler's.
#![allow(
    clippy::unused_async,
    clippy::trivially_copy_pass_by_ref,
    clippy::future_not_send,
    clippy::needless_pass_by_ref_mut
)]

use qlib::{
    Change, Choice, Created, Cx, Entity, Leadership, Ref, Result, Signal, Timestamp, on_change,
    worker,
};

/// Whether it runs.
#[derive(Choice, Clone, Copy, PartialEq, Eq, Debug)]
enum Power {
    /// It does not.
    Off,
    /// It does.
    On,
}

/// A device.
#[derive(Entity, Debug)]
struct Device {
    /// Whether it runs.
    #[field(index)]
    status: Power,
    /// How warm it is.
    #[field(range(-40.0..=125.0), default = 20.0, validate = plausible)]
    temperature: f64,
    /// When it was seen.
    seen: Option<Timestamp>,
    /// What it is called by.
    #[field(max_length = 10, pattern = "[a-z]*", default = "lamp")]
    alias: String,
    /// Another one.
    #[field(on_delete = "unset")]
    other: Option<Ref<Self>>,
}

/// A light.
#[derive(Entity, Debug)]
#[entity(extends = Device)]
struct Lamp {
    /// How bright it is.
    brightness: i64,
}

/// Checks a temperature.
fn plausible(degrees: &f64) -> std::result::Result<(), &'static str> {
    (*degrees < 1000.0).then_some(()).ok_or("too hot")
}

/// Watches devices.
#[derive(Debug, Default)]
struct Monitor {
    /// How many it saw.
    seen: u64,
    /// Says how warm it was.
    hot: Signal<f64>,
}

#[worker]
impl Monitor {
    /// Counts.
    #[on_change(
        Device.Temperature,
        context(name = Device.Name, other = Device.Other -> Device.Alias),
        when(current > 80.0 && !name.is_empty()),
        deadband = 0.5,
        retry(times = 2, first = "10ms")
    )]
    async fn warm(
        &mut self,
        change: Change<Device, f64>,
        name: String,
        other: Option<String>,
        cx: &mut Cx,
    ) -> Result<()> {
        self.seen += 1;
        tracing::debug!(name, other, at = change.current(), "warm");
        change.entity(cx)?.set_status(Power::Off).commit().await
    }

    /// Leads.
    #[qlib::on_create(Lamp, leader)]
    async fn lamp(&mut self, created: Created<Lamp>, leadership: &Leadership) -> Result<()> {
        tracing::debug!(?created, ?leadership, hot = ?self.hot, "made");
        Ok(())
    }
}

/// Looks.
#[on_change(Lamp.Brightness)]
async fn bright(change: Change<Lamp, i64>) -> Result<()> {
    tracing::debug!(at = change.current(), on = ?Power::On, "bright");
    Ok(())
}

qlib::main!("strict");
