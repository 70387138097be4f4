//! What must not compile does not, and says what to write instead: the message stands beside the
//! program, in a file of the same name.
//!
//! `TRYBUILD=overwrite` writes those files anew. Read what changed: the message must point at the
//! word that is wrong.

#[test]
fn mistakes_are_explained() {
    // All of them in one run of cargo; a program that must compile would make it one run each.
    let cases = trybuild::TestCases::new();
    cases.compile_fail("fail/*/*.rs");
}
