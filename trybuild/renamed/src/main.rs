//! qlib under another name, and reached through another module.
#![deny(warnings)]

mod reexport {
    pub(crate) mod live {
        pub(crate) use home::*;
    }
}

use home::prelude::*;

#[derive(Choice, Clone, Copy, PartialEq, Debug)]
#[qlib(crate = home)]
enum Power {
    Off,
    On,
}

#[derive(Entity, Debug)]
#[qlib(crate = crate::reexport::live)]
struct Device {
    status: Power,
}

#[derive(Default)]
struct Monitor;

#[worker(crate = home)]
impl Monitor {
    #[on_change(Device.Status)]
    async fn switched(&mut self, change: Change<Device, Power>) -> Result<()> {
        let _ = change.current();
        Ok(())
    }
}

#[on_change(Device.Status, crate = crate::reexport::live)]
async fn switched(change: Change<Device, Power>) -> Result<()> {
    let _ = change.current();
    Ok(())
}

#[every("1s")]
#[qlib(crate = home)]
async fn tick() -> Result<()> {
    Ok(())
}

home::main!("renamed", crate = home);
