//! Signals that do not exist or carry another type.
#![allow(unused)]

use qlib::prelude::*;

#[derive(Default)]
struct Oven {
    hot: Signal<f64>,
}

#[worker]
impl Oven {
    #[every("1s")]
    async fn tick(&mut self) -> Result<()> {
        let _ = &self.hot;
        Ok(())
    }
}

#[on_signal(Oven.hott)]
async fn f() -> Result<()> {
    Ok(())
}

#[on_signal(Oven.hot)]
async fn g(value: i64) -> Result<()> {
    Ok(())
}

#[on_signal(App.Conected)]
async fn h() -> Result<()> {
    Ok(())
}

fn main() {}
