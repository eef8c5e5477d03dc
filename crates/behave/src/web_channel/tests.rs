use super::*;
use crate::Behaviour;
use crate::samples::{file, transaction};

fn judge(events: impl IntoIterator<Item = Event>) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    events.into_iter().for_each(|event| behaviour.event(&event));
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == "web_channel").collect()
}

fn exchange(number: u64, fields: &[(&'static str, &str)]) -> Event {
    transaction(number, "http", ("10.0.0.23", "203.0.113.9", 80), fields)
}

#[test]
fn posts_of_a_liar_to_a_bare_address_are_a_channel() {
    let body = b"q=U6yKuycpyrtWSffsIT9gHat3iWBeoClJC627YeIJvNZ8w0V19THZ5LojccyPn";
    let found = judge((1..6).flat_map(|number| {
        [
            file(number, ("10.0.0.23", "203.0.113.9", 80), Direction::ToServer, body),
            exchange(
                number,
                &[
                    ("http.method", "POST"),
                    ("http.uri", "/gate.php"),
                    ("http.host", "203.0.113.9"),
                    ("http.user_agent", "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0)"),
                    ("http.content_type", "application/x-www-form-urlencoded"),
                ],
            ),
        ]
    }));
    let [finding] = &found[..] else { panic!("one finding, not {found:?}") };
    assert_eq!(
        finding.title,
        "10.0.0.23 takes orders in HTTP from 203.0.113.9 port 80: 5 exchanges, 5 posts, mostly /gate.php"
    );
    assert_eq!(finding.severity, Severity::High);
}

#[test]
fn a_person_at_a_site_is_none() {
    let found = judge((1..30).map(|number| {
        exchange(
            number,
            &[
                ("http.method", if number % 9 == 0 { "POST" } else { "GET" }),
                ("http.uri", &format!("/page{number}")),
                ("http.host", "www.example.com"),
                ("http.user_agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/120.0"),
                ("http.accept", "text/html"),
                ("http.accept_lang", "de"),
                ("http.referer", "http://www.example.com/"),
            ],
        )
    }));
    assert_eq!(found.len(), 0);
}

#[test]
fn certificate_status_is_asked_for_by_programs() {
    let found = judge((1..30).map(|number| {
        exchange(
            number,
            &[
                ("http.method", "POST"),
                ("http.uri", "/"),
                ("http.host", "ocsp.example.com"),
                ("http.content_type", "application/ocsp-request"),
            ],
        )
    }));
    assert_eq!(found.len(), 0);
}
