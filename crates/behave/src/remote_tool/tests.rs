use super::*;
use crate::Behaviour;
use crate::samples::transaction;

fn judge(events: &[Event]) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    events.iter().for_each(|event| behaviour.event(event));
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == DESCRIPTION.name).collect()
}

fn hello(client: &str, fields: &[(&'static str, &str)]) -> Event {
    transaction(1, "tls", (client, "203.0.113.9", 443), fields)
}

#[test]
fn a_tool_that_one_host_uses_is_noted() {
    let [finding] = &judge(&[hello("10.0.0.23", &[("tls.sni", "relay-1a2b.net.anydesk.com")])])[..] else {
        panic!("one")
    };
    assert_eq!((finding.severity, finding.techniques[0]), (Severity::Low, "T1219"));
    assert_eq!(finding.title, "10.0.0.23 uses remote administration (relay-1a2b.net.anydesk.com)");
}

#[test]
fn a_tool_that_many_use_is_the_companys_own() {
    let events: Vec<_> =
        (1..8).map(|n| hello(&format!("10.0.0.{n}"), &[("tls.sni", "router1.teamviewer.com")])).collect();
    assert_eq!(judge(&events).len(), 0);
}

#[test]
fn names_that_only_end_alike_are_others() {
    assert_eq!(
        judge(&[hello(
            "10.0.0.23",
            &[("tls.sni", "myanydesk.com"), ("tls.cert_subject", "CN=www.example.com")]
        )])
        .len(),
        0
    );
}

#[test]
fn relays_of_tor_are_known_by_their_certificates() {
    let fields =
        [("tls.cert_subject", "CN=www.3mw2bdfhvnzkq.net"), ("tls.cert_issuer", "CN=www.xkwz7nqrtbu.com")];
    assert_eq!(judge(&[hello("10.0.0.23", &fields)])[0].techniques, ["T1090.003"]);
}

#[test]
fn a_proxy_outside_is_noted_and_one_inside_is_not() {
    let connect = |server| {
        transaction(
            1,
            "http",
            ("10.0.0.23", server, 8080),
            &[("http.method", "CONNECT"), ("http.host", "a.example")],
        )
    };
    assert_eq!(judge(&[connect("203.0.113.9")]).len(), 1);
    assert_eq!(judge(&[connect("10.0.0.3")]).len(), 0);
}
