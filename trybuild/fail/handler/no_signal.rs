//! Fields that are no signals.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Default)]
struct Oven {
    hot: f64,
    open: Option<Signal<bool>>,
}

#[worker]
impl Oven {
    #[every("1s")]
    async fn tick(&mut self) -> Result<()> {
        Ok(())
    }
}

#[on_signal(Oven.hot)]
async fn f(value: f64) -> Result<()> {
    Ok(())
}

#[on_signal(Oven.open)]
async fn g() -> Result<()> {
    Ok(())
}

fn main() {}
