//! Names of the user's that generated code must not meet.
#![deny(warnings)]
#![allow(dead_code, non_camel_case_types, non_snake_case, unused_imports)]

mod shadows {
    pub struct Option;
    pub struct Result;
    pub struct String;
    pub struct Vec;
    pub struct Box;
    pub trait Default {}
    pub trait From {}
    pub trait Into {}
    pub fn Some() {}
    pub fn Ok() {}
}

mod application {
    use super::shadows::*;
    use qlib::{Change, Choice, Cx, Entity, every, on_change, worker};

    // The type has the name of the field's handle.
    #[derive(Choice, Clone, Copy, PartialEq, Debug)]
    pub enum Status {
        None,
        Some,
    }

    #[derive(Entity)]
    pub struct Worker {
        pub status: Status,
        pub r#type: i64,
        pub values: i64,
        pub inner: i64,
        pub given: i64,
    }

    #[on_change(Worker.Status, context(worker = Worker.Type, outcome = Worker.Values, definition = Worker.Inner), when(worker > &1))]
    async fn f(
        change: Change<Worker, Status>,
        worker: i64,
        outcome: i64,
        definition: i64,
        cx: &mut Cx,
    ) -> qlib::Result<()> {
        let _ = (change, worker, outcome, definition, cx);
        std::result::Result::Ok(())
    }

    // Functions and what comes to them have the same names.
    #[qlib::on_create(Worker)]
    async fn created(created: qlib::Created<Worker>) -> qlib::Result<()> {
        let _ = created;
        std::result::Result::Ok(())
    }

    #[on_change(Worker.Status, context(name = Worker.Name, r#type = Worker.Type))]
    async fn name(name: std::string::String, r#type: i64) -> qlib::Result<()> {
        let _ = (name, r#type);
        std::result::Result::Ok(())
    }

    #[every("1s")]
    async fn definition(cx: &mut Cx) -> qlib::Result<()> {
        let _ = cx;
        std::result::Result::Ok(())
    }

    pub struct r#struct;

    #[worker]
    impl r#struct {
        pub fn new() -> Self {
            Self
        }

        #[every("1s")]
        async fn r#loop(&mut self) -> qlib::Result<()> {
            std::result::Result::Ok(())
        }
    }

    #[every("1s")]
    async fn r#while() -> qlib::Result<()> {
        std::result::Result::Ok(())
    }
}

qlib::main!("names");
