use qlib::Store;

use crate::{home, printed, run};

#[test]
fn a_value_of_each_kind_is_written_and_read() {
    let home = home();
    let store = home.path().join("home");
    for (field, value) in [
        ("Power", "On"),
        ("Brightness", "12"),
        ("Offset", "-0.5"),
        ("Label", "left = right"),
        ("IsNew", "true"),
        ("Icon", "00ff7e"),
        ("Installed", "2026-01-31T12:00:00Z"),
        ("Room", "/Home"),
        ("Friends", "/Home/Other,/Home/Kitchen"),
        ("Program", "a + b"),
        ("Description", "by the window"),
    ] {
        let field = format!("/Home/Lamp 1.5.{field}");
        let set = printed(&store, &["set", &field, "--", value]);
        assert!(set.starts_with("revision "), "{set}");
        assert_eq!(printed(&store, &["get", &field]), format!("{value}\n"));
        printed(&store, &["set", &field, "--unset"]);
        let unset = match field.as_str() {
            "/Home/Lamp 1.5.Power" => "Off\n",
            "/Home/Lamp 1.5.Brightness" => "0\n",
            _ => "\n",
        };
        assert_eq!(printed(&store, &["get", &field]), unset, "{field}");
    }
    printed(&store, &["set", "/Home/Other.Name", "Desk"]);
    // How wide the times of this machine are differs from run to run.
    let log = printed(&store, &["log", "--last", "3"]);
    let words: Vec<_> = log
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    insta::assert_snapshot!(words.join("\n"));
    assert_eq!(
        printed(&store, &["set", "/Home/Desk.Brightness", "7", "--json"]),
        "{\"revision\":27,\"time\":\"(time)\"}\n"
    );
    let opened = Store::open(&store).unwrap();
    assert_eq!(opened.revision(), 27);
}

#[test]
fn what_is_no_value_of_the_kind_says_what_would_be() {
    let home = home();
    let store = home.path().join("home");
    let mut messages = String::new();
    for (field, value) in [
        ("Power", "on"),
        ("Brightness", "1.5"),
        ("Offset", "a little"),
        ("IsNew", "yes"),
        ("Icon", "fff"),
        ("Icon", "0g"),
        ("Installed", "yesterday"),
        ("Room", "Kitchen"),
    ] {
        let ran = run(&store, &["set", &format!("/Home/Other.{field}"), value]);
        let expected = if field == "Room" { 3 } else { 2 };
        assert_eq!((ran.code, ran.out.as_str()), (Some(expected), ""));
        messages += &ran.err;
    }
    insta::assert_snapshot!(messages);
    assert_eq!(Store::open(&store).unwrap().revision(), 3);
}
