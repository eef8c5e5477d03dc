use super::*;
use crate::Behaviour;
use crate::samples::{file, transaction};

const ENDS: (&str, &str, u16) = ("198.51.100.7", "10.0.0.80", 80);

fn judge(events: &[Event]) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    events.iter().for_each(|event| behaviour.event(event));
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == DESCRIPTION.name).collect()
}

fn request(number: u64, uri: &str, status: &str) -> Event {
    let fields = [
        ("http.method", "GET"),
        ("http.uri", uri),
        ("http.host", "shop.example"),
        ("http.stat_code", status),
    ];
    transaction(number, "http", ENDS, &fields)
}

#[test]
fn an_attack_that_was_answered_is_graver_than_a_try() {
    let uri = "/v?x=${\"freemarker.template.utility.Execute\"?new()(\"id\")}";
    let [worked] = &judge(&[request(1, uri, "200")])[..] else { panic!("one finding") };
    let [tried] = &judge(&[request(1, uri, "404")])[..] else { panic!("one finding") };
    assert_eq!((worked.severity, tried.severity), (Severity::High, Severity::Medium));
    assert_eq!(
        worked.title,
        "198.51.100.7 tries expressions that the server evaluates on 10.0.0.80 (shop.example)"
    );
}

#[test]
fn headers_and_bodies_are_looked_at_too() {
    let header = transaction(
        1,
        "http",
        ENDS,
        &[("http.uri", "/"), ("http.expression", "() { :;}; /bin/ping -c1 203.0.113.9")],
    );
    assert_eq!(judge(&[header])[0].techniques, ["T1190"]);
    let body = file(1, ENDS, Direction::ToServer, b"user=admin'%20or%201=1--&password=x");
    let mut post = request(1, "/login", "302");
    if let (EventKind::File(file), EventKind::Transaction(fact)) = (&body.kind, &mut post.kind) {
        fact.who.flow = file.who.flow;
    }
    assert_eq!(judge(&[body, post]).len(), 1);
}

#[test]
fn scanners_say_what_they_are() {
    let agent = [("http.uri", "/"), ("http.user_agent", "sqlmap/1.7.2#stable (https://sqlmap.org)")];
    assert_eq!(judge(&[transaction(1, "http", ENDS, &agent)])[0].techniques, ["T1595.002", "T1046"]);
}

#[test]
fn a_shop_is_nothing() {
    let uris = ["/", "/search?q=red+shoes", "/item?id=17&sort=price", "/img/../css/a.css", "/cart?add=3|4"];
    let events: Vec<_> = (1..).zip(uris).map(|(number, uri)| request(number, uri, "200")).collect();
    assert_eq!(judge(&events).len(), 0);
}
