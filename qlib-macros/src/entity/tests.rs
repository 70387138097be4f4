use super::{Lock, derive};
use crate::testing::{mistakes, pretty, shows, tokens};

fn expansion(input: &str) -> String {
    pretty(derive(tokens(input), &Lock::default()))
}

#[test]
fn a_struct_becomes_an_entity() {
    shows!(expansion(
        r#"
        /// A switchable light in a room.
        pub struct Device {
            /// Whether it is on.
            pub status: Power,
            #[field(index, max_length = 64)]
            pub location: String,
            #[field(range(-40.0..=125.0), unit = "°C", default = 20.0, validate = checks::plausible)]
            temperature: f64,
            #[field(on_delete = "unset")]
            pub room: Option<Ref<Room>>,
            #[field(access(write = "operator"), history(keep = "30d", deadband = 0.5))]
            pub limit: f64,
        }
        "#
    ));
}

#[test]
fn a_struct_without_fields_is_an_entity() {
    shows!(expansion("struct Room {}"));
}

#[test]
fn an_entity_extends_another() {
    shows!(expansion(
        r#"
        #[entity(extends = model::Device, rename = "Light")]
        #[qlib(crate = home)]
        struct Lamp { #[field(rename = "Lumen", default)] brightness: i64 }
        "#
    ));
}

#[test]
fn mistakes_of_the_struct_say_what_to_write() {
    let inputs = [
        "enum Device { On }",
        "union Device { on: bool }",
        "struct Device(String);",
        "struct Device<T> { status: T }",
        "struct Root {}",
        "#[entity(rename = \"Service\")] struct Device {}",
        "#[entity(rename = \"a device\")] struct Device {}",
        "#[entity(rename = \"\")] struct Device {}",
        "#[entity(extends = Device)] struct Device {}",
        "#[entity(extend = Base)] struct Device {}",
        "#[entity(extends)] struct Device {}",
        "#[entity(extends = A, extends = B)] struct Device {}",
        "#[entity(unlocked = true)] struct Device {}",
        "#[entity = \"Device\"] struct Device {}",
        "#[qlib(path = q)] struct Device {}",
    ];
    shows!(mistakes(inputs, |input| derive(
        tokens(input),
        &Lock::default()
    )));
}

#[test]
fn mistakes_of_names_say_what_to_write() {
    let inputs = [
        "struct Device { name: String }",
        "struct Device { status: bool, #[field(rename = \"Status\")] state: bool }",
        "struct Device { #[field(rename = \"on/off\")] state: bool }",
        "struct Device { #[field(rename = \"Self\")] state: bool }",
        "struct Device { self_: bool }",
        "struct Device { id: String }",
        "struct Device { set_point: f64, point: f64 }",
        "#[entity(extends = Base)] struct Device { base: f64 }",
        "struct Device { #[field(was = \"Level\")] level: i64 }",
        "struct Device { #[field(was = \"A\")] b: i64, #[field(was = \"A\")] c: i64 }",
        "struct Device { #[field(was = \"a b\", was = A)] b: i64 }",
        "#[entity(was = \"Device\", was = \"Root\")] struct Device {}",
    ];
    shows!(mistakes(inputs, |input| derive(
        tokens(input),
        &Lock::default()
    )));
}

#[test]
fn mistakes_of_types_say_what_to_write() {
    let types = [
        "i32",
        "u64",
        "f32",
        "char",
        "&'static str",
        "&'static [u8]",
        "[u8; 4]",
        "Vec<String>",
        "Option<Option<i64>>",
        "HashMap<String, i64>",
        "Box<String>",
        "SystemTime",
        "(i64, i64)",
        "fn()",
        "Option<u8>",
    ];
    let inputs = types.map(|kind| &*format!("struct Device {{ value: {kind} }}").leak());
    shows!(mistakes(inputs, |input| derive(
        tokens(input),
        &Lock::default()
    )));
}

#[test]
fn mistakes_of_constraints_say_what_to_write() {
    let fields = [
        "#[field(indx)] value: i64",
        "#[field(index, index)] value: i64",
        "#[field(index = true)] value: i64",
        "#[field(unit)] value: i64",
        "#[field(unit = )] value: i64",
        "#[field(range = 0..=10)] value: i64",
        "#[field(range(10))] value: i64",
        "#[field(range(..))] value: i64",
        "#[field(range(10..=0))] value: i64",
        "#[field(range(0..0))] value: i64",
        "#[field(range(0..=10))] value: f64",
        "#[field(range(0.5..=10.5))] value: i64",
        "#[field(range(0..=10), default = 11)] value: i64",
        "#[field(range(0..10), default = 10)] value: i64",
        "#[field(default(11))] value: i64",
        "#[field(default = 1, unique)] value: i64",
        "#[field(pattern = \"[a-z\")] value: String",
        "#[field(pattern = a)] value: String",
        "#[field(pattern = \"[a-z]+\", default = \"A1\")] value: String",
        "#[field(max_length = 0)] value: String",
        "#[field(max_length = 3, default = \"four\")] value: String",
        "#[field(on_delete = \"casade\")] value: Ref<Room>",
        "#[field(on_delete = cascade)] value: Ref<Room>",
        "#[field(on_delete = \"unset\")] value: Ref<Room>",
        "#[field(default)] value: Ref<Room>",
        "#[field(validate = |value| Ok(()))] value: i64",
        "#[field(access)] value: i64",
        "#[field(access())] value: i64",
        "#[field(access(wirte = \"operator\"))] value: i64",
        "#[field(access(write = operator))] value: i64",
        "#[field(access(write = \"\"))] value: i64",
        "#[field(history)] value: i64",
        "#[field(history())] value: i64",
        "#[field(history(keep = \"30 days\"))] value: i64",
        "#[field(history(keep = 30))] value: i64",
        "#[field(history(kep = \"30d\"))] value: i64",
        "#[field(history(deadband = 0.5))] value: f64",
        "#[field(history(keep = \"30d\", deadband = 0))] value: i64",
        "#[field(history(keep = \"1s\", min_interval = \"1m\"))] value: i64",
        "#[field(index unique)] value: i64",
        "#[field(range(0..=1) unique)] value: i64",
        "#[field(\"index\")] value: i64",
        "#[field] value: i64",
        "#[field(indx, unqiue)] value: i64",
    ];
    let inputs = fields.map(|field| &*format!("struct Device {{ {field} }}").leak());
    shows!(mistakes(inputs, |input| derive(
        tokens(input),
        &Lock::default()
    )));
}

#[test]
fn a_mistake_of_a_field_leaves_the_others() {
    let expansion = derive(
        tokens("struct Device { status: bool, count: u8 }"),
        &Lock::default(),
    )
    .to_string();
    assert!(expansion.contains("set_status"));
    assert!(!expansion.contains("set_count"));
}
