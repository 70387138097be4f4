//! Entities and workers inside a function, and from a macro of the user's own.
#![deny(warnings)]

use qlib::prelude::*;

macro_rules! sensor {
    ($name:ident, $field:ident: $type:ty, $handle:ident, $handler:ident) => {
        #[derive(Entity, Debug)]
        struct $name {
            $field: $type,
        }

        #[on_change($name.$handle, when(current > Default::default()))]
        async fn $handler(change: Change<$name, $type>) -> Result<()> {
            let _ = change.current();
            Ok(())
        }
    };
}

sensor!(Thermometer, degrees: f64, Degrees, warm);
sensor!(Counter, count: i64, Count, counted);

fn set_up() {
    #[derive(Entity, Debug)]
    struct Local {
        on: bool,
    }

    #[on_change(Local.On)]
    async fn switched(change: Change<Local, bool>) -> Result<()> {
        let _ = change.current();
        Ok(())
    }
}

qlib::main!("local", setup = |_| set_up());
