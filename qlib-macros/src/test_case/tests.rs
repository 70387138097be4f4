use super::expand;
use crate::testing::{mistakes, pretty, shows, tokens};

#[test]
fn a_test_runs_in_an_application() {
    let args =
        "workers(Monitor, alarms::overheating), preload = rooms, setup = set_up, store = open";
    let function = r#"
        /// Switches.
        #[should_panic]
        async fn switching(app: TestApp) -> Result<()> {
            app.settle().await;
            Ok(())
        }
    "#;
    shows!(pretty(expand(tokens(args), tokens(function))));
}

#[test]
fn a_test_may_ignore_its_application() {
    let function = "async fn nothing() {}";
    shows!(pretty(expand(tokens(""), tokens(function))));
}

#[test]
fn mistakes_say_what_to_write() {
    let inputs = [
        "| fn t(app: TestApp) {}",
        "| async fn t<T>(app: TestApp) {}",
        "| async fn t(&self) {}",
        "| async fn t(app: TestApp, more: u8) {}",
        "| #[test] async fn t(app: TestApp) {}",
        "| struct T;",
        "worker(A) | async fn t(app: TestApp) {}",
        "workers = A | async fn t(app: TestApp) {}",
        "workers(\"A\") | async fn t(app: TestApp) {}",
        "stor = open | async fn t(app: TestApp) {}",
        "preload = |app| {} | async fn t(app: TestApp) {}",
    ];
    shows!(mistakes(inputs, |input| {
        let (args, function) = input.rsplit_once("| ").unwrap();
        expand(tokens(args), tokens(function))
    }));
}
