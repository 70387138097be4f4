use super::derive;
use crate::testing::{mistakes, pretty, shows, tokens};

#[test]
fn an_enum_becomes_a_choice_and_the_type_of_a_field() {
    let input = r#"
        pub enum Power {
            Off,
            #[choice(rename = "Running")]
            On,
        }
    "#;
    shows!(pretty(derive(tokens(input))));
}

#[test]
fn mistakes_say_what_to_write() {
    let inputs = [
        "struct Power { on: bool }",
        "enum Power {}",
        "enum Power<T> { On(T) }",
        "enum Power { Off, On(u8) }",
        "enum Power { Off, #[choice(rename = \"Off\")] On }",
        "enum Power { #[choice(renam = \"Off\")] On }",
        "enum Power { #[choice(rename = Off)] On }",
        "enum Power { #[choice] On }",
        "#[qlib(krate = q)] enum Power { On }",
    ];
    shows!(mistakes(inputs, |input| derive(tokens(input))));
}
