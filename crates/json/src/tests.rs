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
        for (len, place) in (1..=20).flat_map(|len| (0..len).map(move |place| (len, place))) {
            let mut text = vec![b'a'; len];
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
            let expected = format!("{}{middle}{}", "a".repeat(place), "a".repeat(len - 1 - place));
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}

#[test]
fn numbers_have_their_digits_and_no_other() {
    let edges = (0..20).map(|power| 10u64.pow(power));
    for value in edges.flat_map(|edge| [edge - 1, edge, edge + 1]).chain([u64::MAX]) {
        let mut out = b"before ".to_vec();
        decimal_into(&mut out, value);
        assert_eq!(String::from_utf8(out).unwrap(), format!("before {value}"));
    }
    let mut json = Json::new();
    json.array_item().number_item(i64::MIN).number_item(i8::MIN).number_item(-1).number_item(u16::MAX).end();
    assert_eq!(json.bytes(), b"[-9223372036854775808,-128,-1,65535]");
}

#[test]
fn parts_are_joined_and_none_has_a_word_of_its_own() {
    let mut json = Json::new();
    json.object_item().joined("a", ["x", "y"].into_iter(), " | ", "NONE");
    json.joined("b", std::iter::empty(), " | ", "NONE").end();
    assert_eq!(json.bytes(), br#"{"a":"x | y","b":"NONE"}"#);
}

#[test]
fn bytes_become_two_digits_each() {
    assert_eq!((hex(&[0, 0x1f, 0xff]), hex(&[])), ("001fff".to_owned(), String::new()));
}

#[test]
fn hundredths_are_written_as_the_number_they_are() {
    for value in (0..1_000u32).chain([123_456, 100_000]) {
        let mut json = Json::new();
        json.object_item().hundredths("a", value).float("b", f64::from(value) / 100.0).end();
        let text = std::str::from_utf8(json.bytes()).unwrap();
        let (first, second) = text.strip_prefix("{\"a\":").unwrap().split_once(",\"b\":").unwrap();
        assert_eq!(Some(first), second.strip_suffix('}'));
    }
}

#[test]
fn members_that_are_written_as_they_are_take_their_place_among_others() {
    let mut json = Json::new();
    json.object_with_members().extend_from_slice(b"\"a\":1");
    assert!(json.has_members());
    json.number("b", 2);
    json.members().extend_from_slice(b",\"c\":3");
    json.number("d", 4).end();
    assert_eq!(json.bytes(), br#"{"a":1,"b":2,"c":3,"d":4}"#);
}

#[test]
fn numbers_inside_words_are_written_as_the_standard_library_does() {
    let values = [0, 1, 9, 10, 15, 16, 255, 256, 0xdead_beef, u64::MAX];
    for value in values {
        let mut json = Json::new();
        json.object_item();
        json.plain_by("hex", |out| crate::hex_into(out, value));
        json.plain_by("word", |out| {
            out.extend_from_slice(b"unknown-");
            crate::decimal_into(out, value);
        });
        json.capitals("name", "noerror").end();
        let expected = format!(r#"{{"hex":"{value:x}","word":"unknown-{value}","name":"NOERROR"}}"#);
        assert_eq!(String::from_utf8_lossy(json.bytes()), expected);
    }
}
