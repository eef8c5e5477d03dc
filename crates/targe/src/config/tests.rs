use super::*;

#[test]
fn nested_and_dotted_keys_mean_the_same() {
    let mut nested = Settings::new();
    nested.merge("stream:\n  midstream: true\n").unwrap();
    let mut dotted = Settings::new();
    dotted.merge("stream.midstream: true\n").unwrap();
    assert!(nested.engine.flow.stream.midstream && dotted.engine.flow.stream.midstream);
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_name() {
    let error = Settings::new().merge("stream.midstraem: true\n").unwrap_err();
    assert_eq!(error.0, "unknown key `stream.midstraem`; did you mean `stream.midstream`?");
}

#[test]
fn a_bad_value_names_its_key() {
    let error = Settings::new().merge("flow.timeouts.tcp.new: soon\n").unwrap_err();
    assert_eq!(error.0, "`flow.timeouts.tcp.new`: expected a whole number, not \"soon\"");
}

#[test]
fn what_is_shown_can_be_read_back() {
    let shown = Settings::new().show();
    let mut again = Settings::new();
    again.merge(&shown).unwrap();
    assert_eq!(again.show(), shown);
}
