use super::*;
use crate::Behaviour;
use crate::samples::numbered;

fn judge(events: &[Event]) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    events.iter().for_each(|event| behaviour.event(event));
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == DESCRIPTION.name).collect()
}

const CONTROLLER: &str = "10.0.0.1";

fn message(number: u64, client: &str, names: [&str; 2], numbers: &[(&'static str, u64)]) -> Event {
    let texts = [("krb5.client", names[0]), ("krb5.service", names[1])];
    let mut event = numbered(number, "krb5", (client, CONTROLLER, 88), &texts, numbers);
    if let EventKind::Transaction(fact) = &mut event.kind {
        // A request and its answer share a conversation.
        fact.who.flow = FlowId(number / 10);
    }
    event
}

fn request(number: u64, user: &str, proof: u64) -> Event {
    message(number, "10.0.0.23", [user, "krbtgt/EXAMPLE"], &[("krb5_msg_type", 10), ("krb5.proof", proof)])
}

fn answer(number: u64, client: &str, user: &str, reply: u64) -> Event {
    let numbers = [("krb5_msg_type", 11), ("krb5.reply_etype", reply), ("krb5.ticket_etype", 18)];
    message(number, client, [user, "krbtgt/EXAMPLE"], &numbers)
}

fn refused(number: u64, code: u64) -> Event {
    message(number, "10.0.0.23", ["", ""], &[("krb5_msg_type", 30), ("krb5_err_code", code)])
}

#[test]
fn many_refused_users_are_spraying() {
    let users = ["anna", "bert", "carl", "dora", "emil", "finn", "gerd", "hans"];
    let tries = |count: usize| {
        (1..)
            .zip(&users[..count])
            .flat_map(|(n, user)| [request(n * 10, user, 2), refused(n * 10 + 1, 24)])
            .collect::<Vec<_>>()
    };
    let [finding] = &judge(&tries(8))[..] else { panic!("one finding") };
    assert_eq!((finding.severity, finding.techniques[0]), (Severity::Medium, "T1110.003"));
    assert_eq!(judge(&tries(3)).len(), 0);
}

#[test]
fn a_terminal_server_whose_users_get_in_is_nothing() {
    let events: Vec<_> = (1..40)
        .flat_map(|n| {
            [
                request(n * 10, &format!("user{n}"), 2),
                answer(n * 10 + 1, "10.0.0.23", &format!("user{n}"), 18),
            ]
        })
        .collect();
    assert_eq!(judge(&events).len(), 0);
}

#[test]
fn rc4_tickets_of_many_services_are_roasting() {
    let ticket = |n: u64, etype: u64| {
        let numbers = [("krb5_msg_type", 13), ("krb5.ticket_etype", etype), ("krb5.reply_etype", 18)];
        message(n * 10, "10.0.0.23", ["anna", &format!("MSSQLSvc/db{n}.example")], &numbers)
    };
    let roast: Vec<_> = (1..6).map(|n| ticket(n, 23)).collect();
    assert_eq!(judge(&roast)[0].techniques, ["T1558.003"]);
    let ordinary: Vec<_> = (1..60).map(|n| ticket(n, 18)).collect();
    assert_eq!(judge(&ordinary).len(), 0);
}

#[test]
fn a_login_in_rc4_where_the_domain_has_aes_is_a_stolen_hash() {
    let [finding] = &judge(&[request(10, "anna", 2), answer(11, "10.0.0.23", "anna", 23)])[..] else {
        panic!("one")
    };
    assert_eq!((finding.severity, finding.techniques[0]), (Severity::Medium, "T1550.002"));
    assert_eq!(judge(&[request(10, "anna", 2), answer(11, "10.0.0.23", "anna", 18)]).len(), 0);
}

#[test]
fn where_everybody_uses_rc4_it_is_the_custom() {
    let events: Vec<_> = (1..9).map(|n| answer(n * 10, &format!("10.0.0.{n}"), "anna", 23)).collect();
    assert_eq!(judge(&events).len(), 0);
}

#[test]
fn an_answer_without_proof_can_be_cracked() {
    let [finding] = &judge(&[request(10, "svc", 128), answer(11, "10.0.0.23", "svc", 23)])[..] else {
        panic!("one")
    };
    assert_eq!(finding.techniques, ["T1558.004"]);
}
