//! `#[qlib::test]`, run as it is used.
#![deny(warnings)]

use qlib::prelude::*;
// The attribute that a test expands to is not this one.
use qlib::TestApp;
use qlib::test;

#[derive(Default)]
struct Monitor;

#[worker]
impl Monitor {
    #[every("1s")]
    async fn tick(&mut self) -> Result<()> {
        Ok(())
    }
}

#[every("1s")]
async fn clock() -> Result<()> {
    Ok(())
}

#[test(workers(Monitor, clock))]
async fn a_test_has_an_application(app: TestApp) -> Result<()> {
    let _ = app;
    Ok(())
}

#[qlib::test]
#[should_panic(expected = "as it should")]
async fn a_test_may_panic() {
    panic!("as it should");
}
