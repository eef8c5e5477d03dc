use super::*;
use crate::Behaviour;
use crate::samples::transaction;

fn judge(events: impl Iterator<Item = Event>) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    events.for_each(|event| behaviour.event(&event));
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == DESCRIPTION.name).collect()
}

fn mail(second: u64, from: &str, to: &str, id: u64, recipient: &str, subject: &str) -> Event {
    let id = format!("<{id}@mail.example>");
    let fields = [("smtp.rcpt_to", recipient), ("email.message_id", id.as_str()), ("email.subject", subject)];
    transaction(second, "smtp", (from, to, 25), &fields)
}

fn comes(number: u64) -> Event {
    mail(number * 60, "198.51.100.25", "10.0.0.25", number, "<minister@bank.example>", "figures")
}

fn leaves(number: u64, recipient: &str) -> Event {
    mail(number * 60 + 2, "10.0.0.25", "203.0.113.9", number, recipient, "figures")
}

#[test]
fn all_that_comes_for_a_mailbox_leaves_again_for_one_address() {
    let [finding] =
        &judge((1..=10).flat_map(|number| [comes(number), leaves(number, "<box@drop.example>")]))[..]
    else {
        panic!("one finding")
    };
    assert_eq!(finding.title, "mail for minister@bank.example is passed on to box@drop.example: 10 mails");
    assert_eq!((finding.techniques[0], finding.severity), ("T1114.003", Severity::High));
    assert_eq!(finding.server.as_ref().map(|(_, name)| name.as_str()), Some("drop.example"));
}

#[test]
fn a_mailing_list_sends_each_mail_to_all_its_members() {
    let members = ["<a@one.example>", "<b@two.example>", "<c@three.example>"];
    let events = (1..=10).flat_map(|number| {
        std::iter::once(comes(number)).chain(members.map(|member| leaves(number, member)))
    });
    assert_eq!(judge(events).len(), 0);
}

#[test]
fn answers_to_what_came_are_mails_of_their_own() {
    let answers = (1..=10).flat_map(|number| {
        [
            comes(number),
            mail(number * 60 + 9, "10.0.0.25", "203.0.113.9", 1_000 + number, "<a@b.example>", "Re: it"),
        ]
    });
    assert_eq!(judge(answers).len(), 0);
}

#[test]
fn a_few_forwarded_by_hand_are_nothing() {
    let few = (1..=3).flat_map(|number| [comes(number), leaves(number, "<box@drop.example>")]);
    assert_eq!(judge(few).len(), 0);
}
