//! What an application requires of its store, and of values.

use qlib::prelude::*;
use qlib::{App, AppBuilder, EntityFieldValidator, Kind, TestApp};

use crate::common::{Lamp, lamps};
use qlib_tests::boot;

fn no_swearing(text: &str) -> Result<(), &'static str> {
    match text.contains("damn") {
        true => Err("mind your language"),
        false => Ok(()),
    }
}

#[derive(Entity, Debug)]
struct Sign {
    #[field(validate = no_swearing, default = "")]
    text: String,
}

#[qlib::test]
async fn a_function_of_the_application_refuses_a_value(app: TestApp) {
    let made = app
        .store()
        .transaction(|tx| tx.create(EntityId::ROOT, "sign", Sign::builder().text("hello")));
    let sign = made.receipt().await.unwrap().value;
    let refused = app
        .store()
        .transaction(|tx| tx.set(sign, Sign::FIELDS.Text, "damn".to_owned()));
    let error = refused.await.unwrap_err();
    assert!(matches!(&error, Error::Constraint { field, .. } if field == "Text"));
    assert!(error.to_string().ends_with("mind your language"), "{error}");
    assert_eq!(app.store().read(sign, Sign::FIELDS.Text).unwrap(), "hello");
    let refused = app
        .store()
        .transaction(|tx| tx.create(EntityId::ROOT, "other", Sign::builder().text("damn")));
    refused.await.unwrap_err();
    assert!(app.store().find("/other").is_err());
}

fn requirements() -> EntityFieldValidator {
    let mut first = EntityFieldValidator::new();
    first
        .require("Lamp", ["Level", "Colour"])
        .require_entity("/a")
        .require_entity("/Home");
    let mut second = EntityFieldValidator::new();
    second
        .require("Lamp", ["Level", "Size"])
        .require("Motor", ["Speed"])
        .require_kind("Lamp", "Echo", Kind::String)
        .require_field(Lamp::FIELDS.Heat)
        .require_entity("/Home");
    first.merge(&second);
    first
}

#[test]
fn everything_that_is_missing_is_listed() {
    let requires = |app: &mut AppBuilder| {
        app.preload(lamps).require(&requirements());
    };
    let mut builder = App::builder("test")
        .entity::<Lamp>()
        .entity::<crate::common::Room>();
    requires(&mut builder);
    assert_eq!(
        boot(builder).unwrap_err().to_string(),
        "the application cannot start: Lamp has no field Colour; Lamp has no field Size; \
         Lamp.Echo holds Int, String is required; there is no type Motor; \
         there is no entity at /Home"
    );
}
