//! Transforms.

use super::desk;
use model::Direction::ToServer;

/// Whether a rule with these options matches a request for this path.
fn holds(options: &str, path: &str) -> bool {
    let rule = format!("alert http any any -> any any (http.uri.raw; {options} sid:1;)");
    let request = format!("GET {path} HTTP/1.1\r\nHost: example.com\r\n\r\n");
    !desk(&rule).http(ToServer, request.as_bytes()).is_empty()
}

#[test]
fn bytes_are_changed_before_they_are_looked_at() {
    assert!(holds("to_lowercase; content:\"/abc\"; startswith;", "/ABC"));
    assert!(holds("to_uppercase; content:\"/ABC\"; startswith;", "/abc"));
    assert!(holds("dotprefix; content:\"./a\"; startswith;", "/a"));
    assert!(holds("url_decode; content:\"/a b\"; bsize:4;", "/a%20b"));
    assert!(holds("xor:\"20\"; content:\"|0f|ABC\"; startswith;", "/abc"));
    assert!(holds("to_md5; content:\"|66 66 cd 76 f9 69 56 46 9e 7b e3 9d 75 0c c7 d9|\"; bsize:16;", "/"));
}

#[test]
fn transforms_run_one_after_the_other() {
    assert!(holds("url_decode; to_uppercase; content:\"/A B\"; bsize:4;", "/a%20b"));
}

#[test]
fn the_first_group_of_pcrexform_is_the_buffer() {
    assert!(holds("pcrexform:\"q=([a-z]+)\"; content:\"word\"; bsize:4;", "/find?q=word&x=1"));
    assert!(!holds("pcrexform:\"q=([a-z]+)\"; content:\"word\"; bsize:4;", "/find?q=words"));
}

#[test]
fn bsize_is_about_the_whole_buffer() {
    assert!(holds("bsize:3;", "/ab"));
    assert!(!holds("bsize:<3;", "/ab"));
    assert!(holds("bsize:2<>4;", "/ab"));
    assert!(holds("dotprefix; bsize:4;", "/ab"));
}

#[test]
fn names_are_taken_apart_at_their_public_suffix() {
    let holds = |options: &str, host: &str| {
        let rule = format!("alert http any any -> any any (http.host; {options} sid:1;)");
        let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        !desk(&rule).http(ToServer, request.as_bytes()).is_empty()
    };
    assert!(holds("domain; content:\"example.co.uk\"; bsize:13;", "www.mail.example.co.uk"));
    assert!(holds("tld; content:\"co.uk\"; bsize:5;", "www.example.co.uk"));
    assert!(!holds("tld; content:\"co.uk\";", "www.example.com"));
}
