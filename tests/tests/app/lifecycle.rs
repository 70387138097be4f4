//! Starting and ending, in order.

use qlib::prelude::*;
use qlib::{App, AppBuilder};
use qlib_tests::boot;

use crate::common::{ms, note, noted, timed};

macro_rules! worker {
    ($name:ident, $($after:ident),* => $init:expr) => {
        #[derive(Default)]
        struct $name;

        #[worker($(after = $after),*)]
        impl $name {
            #[init]
            async fn init(&mut self) -> Result<()> {
                note(concat!(stringify!($name), " init"));
                $init
            }

            #[deinit]
            async fn deinit(&mut self) -> Result<()> {
                note(concat!(stringify!($name), " deinit"));
                Ok(())
            }
        }
    };
}

worker!(First, Second, Third => Ok(()));
worker!(Second, Third => Ok(()));
worker!(Third, => Ok(()));
worker!(Failing, Second => Err(Error::other("no luck")));
worker!(Slow, Second => {
    qlib_tests::pause(ms(60_000)).await;
    Ok(())
});
worker!(Round, Trip => Ok(()));
worker!(Trip, Round => Ok(()));

fn app(enter: impl FnOnce(&mut qlib::Registry)) -> AppBuilder {
    App::builder("test").register(enter)
}

#[test]
fn workers_begin_in_order_and_end_in_reverse() {
    boot(app(|registry| {
        registry.worker::<First>();
        registry.worker::<Second>();
        registry.worker::<Third>();
    }))
    .unwrap();
    assert_eq!(
        noted(),
        [
            "Third init",
            "Second init",
            "First init",
            "First deinit",
            "Second deinit",
            "Third deinit"
        ]
    );
}

#[test]
fn an_init_that_fails_refuses_the_boot_and_ends_those_begun() {
    let error = boot(app(|registry| {
        registry.worker::<Failing>();
        registry.worker::<Second>();
        registry.worker::<Third>();
    }))
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the application cannot start: Failing::init: no luck"
    );
    assert_eq!(
        noted(),
        [
            "Third init",
            "Second init",
            "Failing init",
            "Second deinit",
            "Third deinit"
        ]
    );
}

#[test]
fn an_init_past_its_limit_refuses_the_boot() {
    let mut builder = app(|registry| {
        registry.worker::<Slow>();
        registry.worker::<Second>();
        registry.worker::<Third>();
    });
    builder.init_limit(ms(2_000));
    assert_eq!(
        boot(builder).unwrap_err().to_string(),
        "the application cannot start: Slow::init: it awaited past its limit of 2s"
    );
}

#[test]
fn a_circle_of_workers_is_named() {
    let error = boot(app(|registry| {
        registry.worker::<Round>();
        registry.worker::<Trip>();
        registry.worker::<Third>();
    }))
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the application cannot start: the workers Round, Trip start after each other in a circle"
    );
}

#[derive(Default)]
struct Stuck;

#[worker]
impl Stuck {
    #[deinit]
    async fn deinit(&mut self) -> Result<()> {
        note("deinit");
        std::future::pending().await
    }
}

#[test]
fn a_deinit_past_its_limit_is_dropped() {
    let mut builder = app(|registry| {
        registry.worker::<Third>();
        registry.worker::<Stuck>();
    });
    builder.init_limit(ms(2_000));
    boot(builder).unwrap();
    assert_eq!(noted(), ["Third init", "deinit", "Third deinit"]);
}

struct Busy;

#[worker]
impl Busy {
    fn new(_: i64) -> Self {
        Self
    }

    #[every("1s", limit = "5s")]
    async fn work(&mut self, cx: &mut Cx) -> Result<()> {
        note("begin");
        cx.shutdown();
        qlib_tests::pause(ms(3_000)).await;
        note("end");
        Ok(())
    }
}

#[test]
fn a_handler_under_way_finishes() {
    let mut builder = App::builder("test");
    builder.worker(Busy::new(1));
    qlib_tests::run(async {
        let running = builder.start().await.unwrap();
        running.stopped().await;
        running.stop().await;
    });
    assert_eq!(
        timed()
            .into_iter()
            .map(|(_, text)| text)
            .collect::<Vec<_>>(),
        ["begin", "end"]
    );
}

#[test]
fn a_worker_that_nobody_added_is_named() {
    let error = boot(app(|registry| registry.worker::<Busy>())).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the application cannot start: the worker Busy has a `new` with arguments, so the application must add it: `setup = |app| app.worker(Busy::new(…))`"
    );
}

#[test]
fn an_application_ends_by_itself() {
    let mut builder = app(|registry| registry.worker::<Third>());
    builder.end_after(ms(5_000));
    qlib_tests::run(async {
        let running = builder.start().await.unwrap();
        running.stopped().await;
        running.stop().await;
    });
    assert_eq!(noted(), ["Third init", "Third deinit"]);
}
