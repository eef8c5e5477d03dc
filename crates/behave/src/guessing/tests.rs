use super::*;
use crate::Behaviour;
use crate::samples::{flow, numbered, transaction};

fn findings(events: impl Iterator<Item = Event>) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    events.for_each(|event| behaviour.event(&event));
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == "guessing").collect()
}

fn ssh(number: u64, sent: u64) -> Event {
    let mut event = flow(number, "198.51.100.7", "10.0.0.5", 22, [sent, 2_500]);
    if let EventKind::Flow(fact) = &mut event.kind {
        fact.protocol = "ssh";
    }
    event
}

#[test]
fn many_short_ssh_sessions_of_one_size_are_guesses() {
    let found = findings((1..=20).map(|number| ssh(number, 1_900 + number % 3 * 16)));
    let [finding] = &found[..] else { panic!("one finding, not {found:?}") };
    assert_eq!(finding.title, "198.51.100.7 guesses passwords of 10.0.0.5 (ssh port 22), 20 tries");
}

#[test]
fn a_few_sessions_are_not() {
    assert_eq!(findings((1..=4).map(|number| ssh(number, 1_900))).len(), 0);
}

#[test]
fn refused_ftp_logins_are_guesses_and_an_accepted_one_makes_it_worse() {
    let login = |number: u64, code: &str| {
        transaction(
            number,
            "ftp",
            ("198.51.100.7", "10.0.0.5", 21),
            &[("ftp.command", "PASS"), ("ftp.completion_code", code)],
        )
    };
    let refused = findings((1..=12).map(|number| login(number, "530")));
    let fallen = findings((1..=12).map(|number| login(number, if number == 12 { "230" } else { "530" })));
    assert_eq!((refused[0].severity, fallen[0].severity), (Severity::Medium, Severity::High));
}

#[test]
fn every_service_that_refuses_is_understood() {
    let tries = |protocol: &'static str, texts: &[(&'static str, &str)], numbers: &[(&'static str, u64)]| {
        let ends = ("198.51.100.7", "10.0.0.5", 25);
        findings((1..=12).map(|second| numbered(second, protocol, ends, texts, numbers))).len()
    };
    let setup = ("smb.command_name", "SMB2_COMMAND_SESSION_SETUP");
    let asked = ("imap.command", "LOGIN");
    assert_eq!(tries("smtp", &[], &[("smtp.refused_logins", 1)]), 1);
    assert_eq!(tries("smtp", &[], &[("smtp.authenticated", 1)]), 0);
    assert_eq!(tries("smb", &[setup], &[("smb.status_code", 0xc000_006d)]), 1);
    assert_eq!(tries("smb", &[setup], &[("smb.status_code", 0xc000_0016)]), 0, "more processing is required");
    assert_eq!(tries("imap", &[asked, ("imap.status", "NO")], &[]), 1);
    assert_eq!(tries("imap", &[asked, ("imap.status", "OK")], &[]), 0);
    assert_eq!(tries("mysql", &[], &[("mysql.error_code", 1045)]), 1);
    assert_eq!(tries("mysql", &[], &[("mysql.error_code", 1146)]), 0, "no such table");
    assert_eq!(tries("pgsql", &[("pgsql.error", "28P01")], &[]), 1);
    assert_eq!(tries("ldap", &[], &[("ldap.responses.result_code", 49)]), 1);
    assert_eq!(tries("rfb", &[], &[("rfb.secresult", 1)]), 1);
    assert_eq!(tries("redis", &[("redis.error", "WRONGPASS invalid username-password pair")], &[]), 1);
    assert_eq!(tries("mqtt", &[], &[("mqtt.reason_code", 5)]), 1);
}

#[test]
fn a_list_of_passwords_is_posted_to_a_login_page() {
    let posts = |count: u64, uri: &'static str| {
        let post = move |second| {
            let fields = [("http.method", "POST"), ("http.uri", uri)];
            transaction(second, "http", ("198.51.100.7", "10.0.0.5", 80), &fields)
        };
        findings((1..=count).map(post)).len()
    };
    assert_eq!(posts(60, "/wp-login.php"), 1);
    assert_eq!(posts(5, "/wp-login.php"), 0);
    assert_eq!(posts(60, "/api/metrics"), 0);
}
