use super::expand;
use crate::handler::Event;
use crate::testing::{mistakes, pretty, shows, tokens};

/// Expands a function that begins with the attribute of its event.
fn run(input: &str) -> proc_macro2::TokenStream {
    let input = input.trim().strip_prefix("#[").unwrap();
    let (attribute, function) = input.split_once("]\n").or(input.split_once("] ")).unwrap();
    let name = attribute.split('(').next().unwrap();
    let args = attribute.strip_prefix(name).unwrap();
    let args = args
        .strip_prefix('(')
        .and_then(|args| args.strip_suffix(')'))
        .unwrap_or_default();
    let event = Event::ALL
        .into_iter()
        .find(|event| event.attribute() == name)
        .unwrap();
    expand(event, tokens(args), tokens(function))
}

#[test]
fn a_function_becomes_a_worker() {
    shows!(pretty(run(r#"
        #[on_change(Device.Temperature, when(current > 80.0), leader, deadband = 0.5, min_interval = "1.5s")]
        /// Warns.
        pub async fn overheating(change: Change<Device, f64>, leadership: &Leadership) -> Result<()> {
            Ok(())
        }
    "#)));
}

#[test]
fn a_function_finds_qlib_under_another_name() {
    shows!(pretty(run(
        "#[on_lagged(crate = home)] #[cfg(unix)] async fn lost(lagged: Lagged) -> Result<()> { Ok(()) }"
    )));
}

#[test]
fn mistakes_of_what_it_reacts_to_say_what_to_write() {
    let inputs = [
        "#[on_change] async fn f() -> Result<()> { Ok(()) }",
        "#[on_change(when(current > 1))] async fn f() -> Result<()> { Ok(()) }",
        "#[on_change(Device)] async fn f() -> Result<()> { Ok(()) }",
        "#[on_change(Device.)] async fn f() -> Result<()> { Ok(()) }",
        "#[on_change(\"Device.Status\")] async fn f() -> Result<()> { Ok(()) }",
        "#[on_create] async fn f() -> Result<()> { Ok(()) }",
        "#[on_create(Device.Status)] async fn f() -> Result<()> { Ok(()) }",
        "#[on_delete(\"Device\")] async fn f() -> Result<()> { Ok(()) }",
        "#[on_signal] async fn f() -> Result<()> { Ok(()) }",
        "#[on_signal(overheated)] async fn f() -> Result<()> { Ok(()) }",
        "#[every] async fn f() -> Result<()> { Ok(()) }",
        "#[every(second)] async fn f() -> Result<()> { Ok(()) }",
        "#[every(5)] async fn f() -> Result<()> { Ok(()) }",
        "#[every(\"5\")] async fn f() -> Result<()> { Ok(()) }",
        "#[every(\"5sec\")] async fn f() -> Result<()> { Ok(()) }",
        "#[every(\"0s\")] async fn f() -> Result<()> { Ok(()) }",
        "#[on_leader(now)] async fn f() -> Result<()> { Ok(()) }",
        "#[on_schema(Device)] async fn f() -> Result<()> { Ok(()) }",
        "#[every(\"1s\")] struct Tick;",
        "#[every(\"1s\")] #[on_resync] async fn f() -> Result<()> { Ok(()) }",
        "#[every(\"1s\")] async fn f(&mut self) -> Result<()> { Ok(()) }",
    ];
    shows!(mistakes(inputs, run));
}

#[test]
fn mistakes_of_keys_say_what_to_write() {
    let keys = [
        "ownn",
        "own = true",
        "own, own",
        "when(a), when(b)",
        "when()",
        "when = a",
        "context()",
        "context(name)",
        "context(Device.Name)",
        "context(\"name\")",
        "context(name = Device)",
        "context(name = Device.Room Room.Name)",
        "context(cx = Device.Name)",
        "context(previous = Device.Name)",
        "context(a = Device.Name, a = Device.Room)",
        "durable",
        "durable = name",
        "durable = \" \"",
        "durable = \"a/b\"",
        "durable = \"name\", keyed",
        "durable = \"name\", latest, initial",
        "durable = \"name\", min_interval = \"1s\", deadband = 1.0",
        "min_interval = 5",
        "min_interval = \"0ms\"",
        "deadband = 0.0",
        "deadband = -1",
        "writes, deadband = 1.0",
        "retry",
        "retry(times = 0)",
        "retry(time = 5)",
        "retry(first = \"10s\", max = \"1s\")",
        "limit(\"1s\")",
        "own latest",
    ];
    let inputs = keys.map(|key| {
        &*format!("#[on_change(Device.Status, {key})] async fn f() -> Result<()> {{ Ok(()) }}")
            .leak()
    });
    shows!(mistakes(inputs, run));
}

#[test]
fn mistakes_of_timers_say_what_to_write() {
    let keys = [
        "persistant = \"report\"",
        "persistent",
        "persistent = \"\"",
        "persistent = \"report\", catch_up = \"al\"",
        "persistent = \"report\", catch_up = \"newest\"",
        "persistent = \"report\", catch_up = all",
        "catch_up = \"all\"",
        "durable = \"report\"",
    ];
    let inputs = keys.map(|key| {
        &*format!("#[every(\"1h\", {key})] async fn f() -> Result<()> {{ Ok(()) }}").leak()
    });
    shows!(mistakes(inputs, run));
}

#[test]
fn mistakes_of_arguments_say_what_to_write() {
    let inputs = [
        "#[on_change(Device.Status, context(name = Device.Name))] async fn f(nme: String) -> Result<()> { Ok(()) }",
        "#[on_change(Device.Status)] async fn f(count: i64) -> Result<()> { Ok(()) }",
        "#[on_change(Device.Status)] async fn f(change: Chnge<Device, Power>) -> Result<()> { Ok(()) }",
        "#[on_change(Device.Status)] async fn f(change: &Change<Device, Power>) -> Result<()> { Ok(()) }",
        "#[on_change(Device.Status)] async fn f(a: Change<Device, Power>, b: Change<Device, Power>) -> Result<()> { Ok(()) }",
        "#[on_change(Device.Status)] async fn f(created: Created<Device>) -> Result<()> { Ok(()) }",
        "#[on_change(Device.Status)] async fn f(cx: Cx) -> Result<()> { Ok(()) }",
        "#[on_change(Device.Status)] async fn f((a, b): (i64, i64)) -> Result<()> { Ok(()) }",
        "#[on_change(Device.Status)] async fn f(leadership: &Leadership) -> Result<()> { Ok(()) }",
        "#[on_change(Device.Status, leader)] async fn f(leadership: Leadership) -> Result<()> { Ok(()) }",
        "#[on_change(Device.Status)] async fn f<T: Clone>(change: Change<Device, T>) -> Result<()> { Ok(()) }",
        "#[on_change(Device.Status)] async fn f(change: impl Clone) -> Result<()> { Ok(()) }",
        "#[on_change(Device.Status)] fn f(change: Change<Device, Power>) { }",
        "#[on_resync] async fn f(leadership: &Leadership) -> Result<()> { Ok(()) }",
        "#[every(\"1s\")] async fn f(change: Change<Device, Power>) -> Result<()> { Ok(()) }",
        "#[every(\"1s\")] async fn f(count: i64) -> Result<()> { Ok(()) }",
        "#[on_signal(Monitor.hot)] async fn f(a: f64, b: f64) -> Result<()> { Ok(()) }",
        "#[on_signal(Monitor.hot)] async fn f(a: impl Clone) -> Result<()> { Ok(()) }",
    ];
    shows!(mistakes(inputs, run));
}
