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

#[test]
fn every_byte_is_escaped_wherever_it_stands() {
    for byte in 0..=127u8 {
        for place in 0..20 {
            let mut text = vec![b'a'; 20];
            text[place] = byte;
            let mut out = Vec::new();
            escape_into(&mut out, &text);
            let middle = match byte {
                b'"' => "\\\"".to_owned(),
                b'\\' => "\\\\".to_owned(),
                b'\n' => "\\n".to_owned(),
                b'\r' => "\\r".to_owned(),
                b'\t' => "\\t".to_owned(),
                0x08 => "\\b".to_owned(),
                0x0c => "\\f".to_owned(),
                0..0x20 | 0x7f => format!("\\u{byte:04x}"),
                _ => char::from(byte).to_string(),
            };
            let expected = format!("{}{middle}{}", "a".repeat(place), "a".repeat(19 - place));
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
