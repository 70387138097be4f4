//! Items in every shape that Rust allows and a handler, a worker or an entity can have.
#![deny(warnings)]
#![deny(rust_2018_idioms)]

use qlib::prelude::*;

/// A "quoted" comment with `ticks`, a \ and a "#raw"#.
#[derive(Choice, Clone, Copy, PartialEq, Debug)]
#[repr(u8)]
pub(crate) enum Level {
    /// It's "low".
    Low = 1,
    r#Mid = 5,
    #[allow(dead_code)]
    #[doc(alias = "top")]
    High = 9,
}

#[derive(Entity, Debug)]
struct Marker;

#[derive(Entity, Debug)]
struct r#Loop {}

/// One "line" with a quote.
///
/// And a \"second\" one.
#[doc = "A third."]
#[doc(alias = "gauge")]
#[derive(Entity, Debug, Clone)]
#[must_use]
pub(crate) struct Meter {
    /// The "level"; see `Level`.
    #[doc(alias = "height")]
    #[allow(dead_code)]
    pub(crate) level: Level,
    #[cfg_attr(all(), field(range(0..=10)))]
    pub(self) count: i64,
    pub(crate) r#fn: std::option::Option<std::string::String>,
    #[field(
        range(
            -1.5..1e3,
        ),
    )]
    value: f64,
    #[field()]
    list: Vec<Ref<self::Meter>>,
    marker: Option<Ref<crate::Marker>>,
    _hidden: bool,
    x: i64,
    a1_b2: Option<i64>,
}

mod outer {
    pub(super) mod inner {
        use qlib::prelude::*;

        #[derive(Entity, Debug)]
        pub(in crate::outer) struct Deep {
            pub(super) level: super::super::Level,
        }

        #[derive(Default)]
        pub(crate) struct Nested(u8, pub(crate) ());

        #[worker]
        impl Nested {
            #[on_change(self::Deep.Level)]
            async fn level(&mut self, change: Change<self::Deep, crate::Level>) -> Result<()> {
                let _ = (change, self.0, self.1);
                Ok(())
            }
        }
    }

    pub(crate) fn count() -> usize {
        std::mem::size_of::<inner::Nested>()
    }
}

#[derive(Default)]
struct Unit;

#[worker]
#[allow(clippy::unused_self)]
#[doc = "A worker."]
impl Unit
where
    Self: Sized,
{
    /// A constant.
    #[allow(dead_code)]
    const TEXT: &'static str = "{ brace";

    #[on_change(Meter.Value, context(level = Meter.Level, r#type = Meter.Fn))]
    #[allow(
        unused_mut,
        unused_variables,
        unused_assignments,
        clippy::needless_pass_by_value
    )]
    #[doc = "Reads."]
    #[inline]
    pub(crate) async fn value(
        &mut self,
        #[allow(unused)] mut change: Change<Meter, f64>,
        _level: Level,
        mut r#type: Option<String>,
        cx: &mut Cx,
    ) -> Result<()> {
        r#type = r#type.take().filter(|_| change.current() > 0.0);
        change = change.clone();
        Ok(())
    }

    #[on_change(crate::Meter.Count, when(matches!(current, 1..=3) || current == -1))]
    async fn count<'a>(&'a mut self, change: Change<Meter, i64>, cx: &'a mut Cx) -> qlib::Result<()>
    where
        Self: 'a,
    {
        let _ = (change, cx);
        Ok(())
    }

    #[every("1s")]
    #[allow(clippy::needless_arbitrary_self_type)]
    async fn ignored(self: &mut Self, _: &mut Cx) -> Result<(), Error> {
        Ok(())
    }

    #[every("1s")]
    async fn boxed(
        #[allow(unused)] &mut self,
    ) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(())
    }

    fn _helper<T: Into<u64>, const N: usize>(&self, [a, b]: [T; 2], (_c, _d): (u8, u8)) -> u64
    where
        [u8; N]: Sized,
    {
        a.into() << b.into()
    }

    fn _closure(&self) -> impl Fn(u8) -> u8 + use<> {
        |a| a >> 1
    }

    const fn _constant() -> u8 {
        1
    }

    extern "C" fn _foreign(_a: u8) {}
}

#[on_create(Meter)]
#[must_use = "it is a future"]
async fn made(
    #[allow(unused_mut)] mut created: Created<Meter>,
) -> std::result::Result<(), std::io::Error> {
    let _ = created;
    Ok(())
}

#[on_change(Meter.Level, when({ let low = Level::Low; current == low }), retry(times = 2,),)]
pub(crate) async fn blocks(change: Change<Meter, Level>) -> Result<()> {
    let _ = change;
    Ok(())
}

#[on_change(Meter.Hidden)]
async fn hidden(_: Change<Meter, bool>) -> Result<()> {
    Ok(())
}

fn set_up(app: &mut qlib::AppBuilder) -> Result<()> {
    let _ = (app, outer::count());
    Ok(())
}

qlib::main!("shapes", setup = set_up,);
