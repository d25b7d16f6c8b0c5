//! The search for secrets in logs finds what is there. `tests/web/secrets.rs` shows that real processes are
//! searched.

use std::panic::catch_unwind;

use crate::harness::secrets::{keep, must_not_be_in};

/// What is said of such a log; `None`: no secret is in it.
fn found_in(log: &str) -> Option<String> {
    let log = log.to_owned();
    let found = catch_unwind(move || must_not_be_in("role.log", &log)).err()?;
    Some(*found.downcast::<String>().expect("words"))
}

#[test]
fn a_secret_in_a_log_is_told_by_file_line_and_name_and_not_repeated() {
    keep("the name of it", "a-secret-of-this-test-alone");
    let log = "one\ntwo token=a-secret-of-this-test-alone;\nthree\n";
    assert_eq!(
        found_in(log).as_deref(),
        Some("secrets in role.log:\nline 2: the name of it: two token=<here>")
    );
    assert_eq!(found_in("one\na-secret-of-this-test-alon\n"), None);
}

#[test]
fn a_secret_is_found_as_a_form_sends_it() {
    keep("a pass phrase", "pass & phrase of this test");
    assert!(found_in("password=pass+%26+phrase+of+this+test").is_some());
    assert!(found_in("xpass & phrase of this testx").is_some());
}

#[test]
fn short_secrets_are_found_as_words_only() {
    keep("a code", "730914");
    assert!(found_in("code 730914.").is_some());
    assert!(found_in("730914").is_some());
    assert_eq!(found_in("duration_us=1730914 at 12:00:00.730914Z"), None);
    keep("nothing", "");
    keep("next to nothing", "abc");
    assert_eq!(found_in("abc"), None);
}
