//! Rules on transactions, on HTTP as the example.

use model::Direction::{ToClient, ToServer};

use super::{NONE, desk};

const REQUEST: &[u8] =
    b"POST /login?id=7 HTTP/1.1\r\nHost: example.com\r\nContent-Length: 9\r\n\r\nuser=root";
const RESPONSE: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 11\r\n\r\nhello world";

#[test]
fn each_buffer_is_looked_at_for_itself() {
    let mut desk = desk(
        "alert http any any -> any any (http.method; content:\"POST\"; http.uri; content:\"/login\"; sid:1;)\n\
         alert http any any -> any any (http.uri; content:\"POST\"; sid:2;)\n\
         alert http any any -> any any (http.host; content:\"example.com\"; bsize:11; sid:3;)",
    );
    assert_eq!(desk.http(ToServer, REQUEST), [1, 3]);
}

#[test]
fn a_rule_speaks_once_per_transaction() {
    let mut desk = desk("alert http any any -> any any (http.uri; content:\"/login\"; sid:1;)");
    assert_eq!(desk.http(ToServer, REQUEST), [1]);
    assert_eq!(desk.http(ToServer, b""), NONE);
    desk.http(ToClient, RESPONSE);
    assert_eq!(desk.http(ToServer, REQUEST), [1], "the next request is another transaction");
}

#[test]
fn a_rule_goes_on_where_it_stood() {
    let mut desk = desk(
        "alert http any any -> any any (http.uri; content:\"/login\"; http.request_body; content:\"root\"; sid:1;)",
    );
    let (head, body) = REQUEST.split_at(REQUEST.len() - 4);
    assert_eq!(desk.http(ToServer, head), NONE);
    assert_eq!(desk.http(ToServer, body), [1]);
    assert_eq!(desk.http(ToServer, b""), NONE);
}

#[test]
fn requests_and_responses_have_rules_of_their_own() {
    let mut desk = desk(
        "alert http any any -> any any (flow:to_client; http.stat_code; content:\"200\"; sid:1;)\n\
         alert http any any -> any any (flow:to_client; file.data; content:\"world\"; endswith; sid:2;)\n\
         alert http any any -> any any (flow:to_server; http.protocol; content:\"HTTP/1.1\"; sid:3;)",
    );
    assert_eq!(desk.http(ToServer, REQUEST), [3]);
    assert_eq!(desk.http(ToClient, RESPONSE), [1, 2]);
}

#[test]
fn both_sides_of_a_transaction_in_one_rule() {
    let mut desk = desk(
        "alert http any any => any any (http.uri; content:\"/login\"; http.stat_code; content:\"200\"; sid:1;)",
    );
    assert_eq!(desk.http(ToServer, REQUEST), NONE);
    assert_eq!(desk.http(ToClient, RESPONSE), [1]);
    assert_eq!(desk.http(ToClient, b""), NONE);
}

#[test]
fn items_of_a_list_are_not_one_buffer() {
    let mut desk = desk(
        "alert http any any -> any any (http.request_header; content:\"Host\"; content:\"Length\"; sid:1;)\n\
         alert http any any -> any any (http.request_header; content:\"Host: example.com\"; bsize:17; sid:2;)",
    );
    assert_eq!(desk.http(ToServer, REQUEST), [2]);
}

#[test]
fn what_is_absent_can_be_asked_for() {
    let mut desk = desk(
        "alert http any any -> any any (flow:to_server; http.user_agent; absent; http.method; content:\"POST\"; sid:1;)\n\
         alert http any any -> any any (flow:to_server; http.host; absent; sid:2;)\n\
         alert http any any -> any any (flow:to_server; http.user_agent; absent: or_else; content:\"curl\"; sid:3;)",
    );
    assert_eq!(desk.http(ToServer, REQUEST), [1, 3]);
}

#[test]
fn payload_and_buffers_can_be_asked_together() {
    let mut desk = desk(
        "alert http any any -> any any (content:\"id=7 HTTP\"; http.method; content:\"POST\"; sid:1;)\n\
         alert http any any -> any any (content:\"nowhere\"; http.method; content:\"POST\"; sid:2;)",
    );
    assert_eq!(desk.http(ToServer, REQUEST), [1]);
}

#[test]
fn a_body_is_looked_at_when_there_is_enough_of_it() {
    let mut desk = desk("alert http any any -> any any (http.request_body; content:\"root\"; sid:1;)");
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nuser=root";
    assert_eq!(desk.http(ToServer, head), NONE, "fewer bytes than are wanted, and more to come");
    assert_eq!(desk.http_end(ToServer, b""), [1], "nothing more will come");
}
