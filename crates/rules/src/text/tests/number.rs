//! The syntax of integers.

use expect_test::expect;

use crate::text::number_text::{Kind, list_test, test};

const NAMES: protocol::Enumeration = &[("text", 1), ("ping", 9), ("rc4-hmac", 23)];
const FLAGS: protocol::Enumeration = &[("fin", 0x80), ("comp", 0x40), ("rsv", 0x20)];

fn all(texts: &[&str], kind: Kind) -> String {
    texts
        .iter()
        .map(|text| match test(text, kind) {
            Ok(test) => format!("{text}: {test:?}\n"),
            Err(fault) => format!("{text}: {}\n", fault.cause),
        })
        .collect()
}

#[test]
fn comparisons() {
    let texts = [
        "19",
        "=0x13",
        "!0x14",
        "!=20",
        ">21",
        ">=21",
        "<22",
        "<=22",
        "19-22",
        "19<>22",
        "!19-22",
        "1kb",
        "2MiB",
        "&0xc0=0x80",
        "&0xc0!=0",
        "&3=4",
        "",
        "x",
        "<0",
        ">255",
        "256",
        "1-2",
        "5-1",
        "1 kb",
        " 7 ",
        "-1",
        "1gb",
    ];
    let eight = &["255", "256", ">255"];
    expect![[r#"
        19: Equal(19)
        =0x13: Equal(19)
        !0x14: NotEqual(20)
        !=20: NotEqual(20)
        >21: Greater(21)
        >=21: GreaterEqual(21)
        <22: Less(22)
        <=22: LessEqual(22)
        19-22: Between(19, 22)
        19<>22: Between(19, 22)
        !19-22: NotBetween(19, 22)
        1kb: Equal(1024)
        2MiB: Equal(2097152)
        &0xc0=0x80: Masked { mask: 192, value: 128, negated: false }
        &0xc0!=0: Masked { mask: 192, value: 0, negated: true }
        &3=4: 0x4 has bits that the mask 0x3 takes away
        : a number is missing
        x: `x` is neither a number nor a known name
        <0: no value of this keyword is <0
        >255: Greater(255)
        256: Equal(256)
        1-2: nothing lies between 1 and 2
        5-1: nothing lies between 5 and 1
        1 kb: Equal(1024)
         7 : Equal(7)
        -1: `` is neither a number nor a known name
        1gb: Equal(1073741824)
        255: Equal(255)
        256: 256 is more than 255
        >255: no value of this keyword is >255
    "#]]
    .assert_eq(&(all(&texts, Kind::bits(32)) + &all(eight, Kind::bits(8))));
}

#[test]
fn names_and_flags() {
    let names =
        all(&["text", "!ping", "TEXT", "rc4-hmac", "9", "pong", ">text"], Kind { bits: 8, names: NAMES });
    let flags = all(
        &[
            "fin",
            "!fin",
            "fin,!comp",
            "+fin,comp",
            "*fin,comp",
            "-fin",
            "=fin,comp",
            "fin,fin",
            "fin,end",
            "0x80",
            ">3",
        ],
        Kind { bits: 8, names: FLAGS },
    );
    expect![[r#"
        text: Equal(1)
        !ping: NotEqual(9)
        TEXT: Equal(1)
        rc4-hmac: Equal(23)
        9: Equal(9)
        pong: `pong` is neither a number nor a known name
        >text: Greater(1)
        fin: Masked { mask: 128, value: 128, negated: false }
        !fin: Masked { mask: 128, value: 0, negated: false }
        fin,!comp: Masked { mask: 192, value: 128, negated: false }
        +fin,comp: Masked { mask: 192, value: 192, negated: false }
        *fin,comp: AnyBit(192)
        -fin: Masked { mask: 128, value: 128, negated: true }
        =fin,comp: Equal(192)
        fin,fin: `fin` stands here twice
        fin,end: `end` is neither a number nor a known name
        0x80: Equal(128)
        >3: Greater(3)
    "#]]
    .assert_eq(&(names + &flags));
}

#[test]
fn lists() {
    let out: String = [
        "200",
        "200,0",
        "400,-1",
        "!500,all",
        "1,all_or_absent",
        "1,or_absent",
        "1,any",
        ">36000,nb>1",
        ">36000,nb>1,1:-1",
        "123,oob_or 2",
        "count>5",
        "1,first",
        "1,any,2",
    ]
    .iter()
    .map(|text| match list_test(text, Kind::bits(16)) {
        Ok((test, items)) => format!("{text}: {test:?} {items:?}\n"),
        Err(fault) => format!("{text}: {}\n", fault.cause),
    })
    .collect();
    expect![[r#"
        200: Equal(200) Items { quantity: Any, part: None }
        200,0: Equal(200) Items { quantity: At(0), part: None }
        400,-1: Equal(400) Items { quantity: At(-1), part: None }
        !500,all: NotEqual(500) Items { quantity: All, part: None }
        1,all_or_absent: Equal(1) Items { quantity: AllOrAbsent, part: None }
        1,or_absent: Equal(1) Items { quantity: AnyOrAbsent, part: None }
        1,any: Equal(1) Items { quantity: Any, part: None }
        >36000,nb>1: Greater(36000) Items { quantity: Count(Greater(1)), part: None }
        >36000,nb>1,1:-1: Greater(36000) Items { quantity: Count(Greater(1)), part: Some((1, -1)) }
        123,oob_or 2: Equal(123) Items { quantity: AtOrBeyond(2), part: None }
        count>5: Any Items { quantity: Count(Greater(5)), part: None }
        1,first: `first` does not say which items
        1,any,2: `2` is not a part of a list
    "#]]
    .assert_eq(&out);
}
