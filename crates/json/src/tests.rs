use super::*;

#[test]
fn nested_values_are_separated_by_commas() {
    let mut json = Json::new();
    json.object_item().number("a", 1u8).array("b").text_item("x").number_item(-2).end();
    json.object("c").boolean("d", true).float("e", 0.5).end().end();
    assert_eq!(json.bytes(), br#"{"a":1,"b":["x",-2],"c":{"d":true,"e":0.5}}"#);
}

#[test]
fn bytes_that_are_not_utf8_become_hexadecimal_text() {
    let mut json = Json::new();
    json.object_item().bytes_text("a", b"caf\xc3\xa9 \xff\x01\"").end();
    assert_eq!(
        std::str::from_utf8(json.bytes()).unwrap(),
        "{\"a\":\"caf\\\\xc3\\\\xa9 \\\\xff\\u0001\\\"\"}"
    );
}

#[test]
fn hexadecimal_takes_a_separator() {
    let mut json = Json::new();
    json.object_item().hex("a", &[1, 0xab], Some(b':')).hex("b", &[], None).end();
    assert_eq!(json.bytes(), br#"{"a":"01:ab","b":""}"#);
}
