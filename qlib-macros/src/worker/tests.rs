use super::expand;
use crate::testing::{mistakes, pretty, shows, tokens};

/// Expands a block that begins with `#[worker…]`.
fn run(input: &str) -> proc_macro2::TokenStream {
    let (attribute, block) = match input.split_once('@') {
        Some((args, block)) => (args, block),
        None => ("", input),
    };
    expand(tokens(attribute), tokens(block))
}

#[test]
fn a_block_becomes_a_worker() {
    shows!(pretty(run(r#"
        impl Monitor {
            const LIMIT: u64 = 10;

            #[init]
            async fn init(&mut self) -> Result<()> { Ok(()) }

            #[every("1s")]
            async fn tick(&mut self) -> Result<()> { Ok(()) }

            /// Counts.
            #[on_change(
                Device.Status,
                context(name = Device.Name, room = Device.Room -> Room.Name),
                when(previous.is_some() && current != Power::Off),
                keyed,
                retry(times = 3, first = "50ms"),
            )]
            async fn switched(
                &mut self,
                change: Change<Device, Power>,
                _name: String,
                room: Option<String>,
                cx: &mut Cx,
            ) -> Result<()> {
                self.seen += 1;
                Ok(())
            }

            #[on_leader]
            async fn lead(&mut self, leadership: &Leadership) -> Result<()> { Ok(()) }

            #[on_signal(Monitor.overheated, limit = "2m")]
            async fn hot(&self, degrees: f64) -> Result<()> { Ok(()) }

            fn helper(&self) -> u64 { self.seen }
        }
    "#)));
}

#[test]
fn a_worker_may_lead_be_made_by_new_and_depend_on_features() {
    shows!(pretty(run(r#"
        leader, after = other::Worker, name = "The monitor" @
        #[qlib(crate = home)]
        #[cfg(unix)]
        impl Monitor {
            #[cfg(feature = "extra")]
            fn new() -> Self { Self::with(1) }

            #[cfg(not(feature = "extra"))]
            fn new(limit: u64) -> Self { Self::with(limit) }

            #[cfg(feature = "extra")]
            #[on_create(Device)]
            async fn made(&mut self, leadership: &Leadership, created: Created<Device>) -> Result<()> {
                Ok(())
            }

            #[on_signal(App.Connected)]
            async fn connected(&mut self, cx: &mut Cx) -> Result<()> { Ok(()) }

            #[every(tick)]
            async fn tick(&mut self) -> Result<()> { Ok(()) }

            #[deinit]
            async fn deinit(&mut self, cx: &mut Cx) -> Result<()> { Ok(()) }
        }
    "#)));
}

#[test]
fn mistakes_of_the_block_say_what_to_write() {
    let inputs = [
        "struct Monitor;",
        "impl Drop for Monitor {}",
        "impl<T> Monitor<T> {}",
        "impl Monitor<u8> {}",
        "leadr @ impl Monitor {}",
        "leader = true @ impl Monitor {}",
        "after @ impl Monitor {}",
        "after = [A, B] @ impl Monitor {}",
        "name = Monitor @ impl Monitor {}",
        "impl Monitor { async fn new() -> Self { Self } }",
        "impl Monitor { #[on_create(A, durable = \"a\")] async fn a(&self) -> Result<()> { Ok(()) } #[every(\"1h\", persistent = \"a\")] async fn b(&self) -> Result<()> { Ok(()) } }",
        "impl Monitor { fn new() -> Option<Self> { None } }",
        "impl Monitor { fn new() { } }",
        "impl Monitor { #[init] const A: u8 = 1; }",
        "impl Monitor { #[init] async fn a(&mut self) -> Result<()> { Ok(()) } #[init] async fn b(&mut self) -> Result<()> { Ok(()) } }",
        "impl Monitor { #[every(\"1s\")] #[on_resync] async fn a(&mut self) -> Result<()> { Ok(()) } }",
        "impl Monitor { #[cfg_attr(unix, every(\"1s\"))] async fn a(&mut self) -> Result<()> { Ok(()) } }",
        "impl Monitor { #[every(\"1s\", crate = home)] async fn a(&mut self) -> Result<()> { Ok(()) } }",
    ];
    shows!(mistakes(inputs, run));
}

#[test]
fn mistakes_of_a_method_say_what_to_write() {
    let methods = [
        "#[init] fn a(&mut self) -> Result<()> { Ok(()) }",
        "#[init] async fn a() -> Result<()> { Ok(()) }",
        "#[init] async fn a(self) -> Result<()> { Ok(()) }",
        "#[init] async fn a(self: Box<Self>) -> Result<()> { Ok(()) }",
        "#[init] async fn a(&mut self) { }",
        "#[init] async fn a<T>(&mut self) -> Result<()> { Ok(()) }",
        "#[init(\"1s\")] async fn a(&mut self) -> Result<()> { Ok(()) }",
        "#[init = 1] async fn a(&mut self) -> Result<()> { Ok(()) }",
        "#[init] async fn a(&mut self, leadership: &Leadership) -> Result<()> { Ok(()) }",
        "#[every(\"1s\")] fn a() { }",
    ];
    let inputs = methods.map(|method| &*format!("impl Monitor {{ {method} }}").leak());
    shows!(mistakes(inputs, run));
}

#[test]
fn a_mistake_of_a_method_leaves_the_others() {
    let expansion =
        run("impl M { #[init] fn a(&mut self) {} #[every(\"1s\")] async fn b(&self) -> R { x } }");
    let text = expansion.to_string();
    assert!(text.contains("every") && !text.contains(". init") && !text.contains("# [init]"));
}
