//! The grids: what is made, with which parameters.

use lab::Random;
use model::{CardNumber, CardsSeen, Direction, EchoShape, Event, Opening, PacketId, Time};

use super::facts::{Ends, Facts, OURS, OUTWARD, shape, share, time};
use super::{Rate, Table, measure};

/// All tables.
pub(super) fn tables() -> Vec<Table> {
    vec![
        beacon_jitter(),
        beacon_loss(),
        beacon_shapes(),
        beacon_innocent(),
        dns_tunnel(),
        dns_innocent(),
        icmp_tunnel(),
        icmp_innocent(),
        web_channel(),
        web_innocent(),
        raw_channel(),
        tls_channel(),
        theft(),
        theft_innocent(),
        card_leak(),
        card_leak_innocent(),
    ]
}

pub(super) fn grid<R: Copy, C: Copy>(
    rows: &[(String, R)],
    columns: &[(String, C)],
    detector: &'static str,
    make: impl Fn(&mut Random, R, C) -> Vec<Event>,
) -> (Vec<String>, Vec<(String, Vec<Rate>)>) {
    let lines = rows.iter().map(|(name, row)| {
        let rates = columns.iter().map(|(_, column)| measure(detector, |random| make(random, *row, *column)));
        (name.clone(), rates.collect())
    });
    (columns.iter().map(|(name, _)| name.clone()).collect(), lines.collect())
}

pub(super) fn named<T: Copy + std::fmt::Display>(values: &[T], unit: &str) -> Vec<(String, T)> {
    values.iter().map(|value| (format!("{value}{unit}"), *value)).collect()
}

/// Contacts at `period` seconds, each interval up to `jitter` of it shorter or longer; a share of beats is lost.
fn beats(random: &mut Random, count: u32, period: f64, jitter: f64, loss: f64) -> Vec<f64> {
    let mut at = 0.0;
    (0..count)
        .map(|_| {
            at += period * (1.0 + jitter * (2.0 * share(random) - 1.0));
            at
        })
        .collect::<Vec<f64>>()
        .into_iter()
        .filter(|_| share(random) >= loss)
        .collect()
}

fn calls(random: &mut Random, times: Vec<f64>, ends: Ends<'_>, edit: fn(&mut model::FlowFact)) -> Vec<Event> {
    let mut facts = Facts::default();
    for at in times {
        let sent = 300 + random.below(40);
        facts.flow(at, ends, [sent, 900 + random.below(200)], |fact| {
            fact.protocol = "tls";
            edit(fact);
        });
    }
    facts.take()
}

fn beacon_jitter() -> Table {
    let rows = [
        ("none".to_owned(), (0.0, 0.0)),
        ("10 % shorter".to_owned(), (0.1, 0.0)),
        ("30 % shorter".to_owned(), (0.3, 0.0)),
        ("50 % shorter".to_owned(), (0.5, 0.0)),
        ("80 % shorter".to_owned(), (0.8, 0.0)),
        ("30 % shorter or longer".to_owned(), (0.3, 0.3)),
        ("50 % shorter or longer".to_owned(), (0.5, 0.5)),
        ("80 % shorter or longer".to_owned(), (0.8, 0.8)),
    ];
    let columns = named(&[6_u32, 8, 12, 20, 50, 200, 500], " contacts");
    let (columns, rows) = grid(&rows, &columns, "beacon", |random, (less, more), count| {
        let mut at = 0.0;
        let times = (0..count)
            .map(|_| {
                at += 60.0 * (1.0 - less + (less + more) * share(random));
                at
            })
            .collect();
        calls(random, times, OUTWARD, |_| {})
    });
    let title = "A connection each minute; jitter is how much an interval may differ, evenly spread";
    Table { detector: "beacon", hostile: true, title, corner: "jitter", columns, rows }
}

fn beacon_loss() -> Table {
    let rows = named(&[0_u32, 10, 25, 40], " % lost");
    let periods = [
        ("5 s".to_owned(), 5.0),
        ("60 s".to_owned(), 60.0),
        ("1 h".to_owned(), 3_600.0),
        ("1 day".to_owned(), 86_400.0),
    ];
    let (columns, rows) = grid(&rows, &periods, "beacon", |random, loss, period| {
        let times = beats(random, 20, period, 0.1, f64::from(loss) / 100.0);
        calls(random, times, OUTWARD, |_| {})
    });
    Table {
        detector: "beacon",
        hostile: true,
        title: "Twenty beats with 10 % jitter, some of them lost",
        corner: "loss",
        columns,
        rows,
    }
}

/// Schedules that are no plain timer.
fn beacon_shapes() -> Table {
    let rows = [
        ("two timers at once, 60 s and 97 s".to_owned(), 0_u8),
        ("random walk of the interval, 5 % a step".to_owned(), 1),
        ("working hours only, each 10 minutes".to_owned(), 2),
        ("two connections per check-in".to_owned(), 3),
        ("one connection kept open, a beat each 30 s".to_owned(), 4),
        ("each minute, among browsing".to_owned(), 5),
    ];
    let columns = named(&[20_u32, 40], " beats");
    let (columns, rows) = grid(&rows, &columns, "beacon", schedule);
    Table { detector: "beacon", hostile: true, title: "Other schedules", corner: "schedule", columns, rows }
}

fn schedule(random: &mut Random, kind: u8, count: u32) -> Vec<Event> {
    let steady = |period: f64| (0..count).map(move |n| f64::from(n) * period);
    let times: Vec<f64> = match kind {
        0 => steady(60.0).chain(steady(97.0).map(|at| at + 17.0)).collect(),
        1 => {
            let (mut at, mut period) = (0.0, 60.0);
            (0..count)
                .map(|_| {
                    period *= 1.0 + 0.05 * (2.0 * share(random) - 1.0);
                    at += period;
                    at
                })
                .collect()
        }
        2 => (0..count).map(|n| f64::from(n / 10) * 86_400.0 + f64::from(n % 10) * 600.0).collect(),
        3 => steady(60.0).flat_map(|at| [at, at + 0.2]).collect(),
        4 => {
            let mut facts = Facts::default();
            facts.flow(0.0, OUTWARD, [u64::from(count) * 300, 9_000], |fact| {
                fact.protocol = "tls";
                fact.bursts = steady(30.0).take(64).map(|at| (time(at), Direction::ToServer, 300)).collect();
            });
            return facts.take();
        }
        _ => {
            let mut events = calls(random, steady(60.0).collect(), OUTWARD, |_| {});
            events.extend(browsing(random, 200));
            events.sort_by_key(|event| event.moment);
            return events;
        }
    };
    calls(random, times, OUTWARD, |_| {})
}

/// A person at twenty sites: pauses spread over three orders of magnitude.
fn browsing(random: &mut Random, pages: u32) -> Vec<Event> {
    let mut facts = Facts::default();
    let mut at = 0.0;
    for _ in 0..pages {
        at += 2.0 * f64::powi(10.0, random.below(3) as i32) * (0.2 + share(random));
        let server = format!("198.51.100.{}", 1 + random.below(20));
        let sent = 200 + random.below(3_000);
        facts.flow(at, Ends { server: &server, ..OUTWARD }, [sent, 10_000 + random.below(300_000)], |fact| {
            fact.protocol = "tls"
        });
    }
    facts.take()
}

fn beacon_innocent() -> Table {
    let rows = [
        ("a person at twenty sites".to_owned(), 0_u8),
        ("time, asked each 64 s".to_owned(), 1),
        ("eight hosts look for updates each hour".to_owned(), 2),
        ("a controller polled each 2 s, inside".to_owned(), 3),
        ("address translation kept open by datagrams".to_owned(), 4),
        ("a service with a pool of servers".to_owned(), 5),
    ];
    let columns = named(&[20_u32, 100], " contacts");
    let (columns, rows) = grid(&rows, &columns, "beacon", |random, kind, count| {
        let times = beats(random, count, 60.0, 0.02, 0.0);
        match kind {
            0 => browsing(random, count * 4),
            1 => calls(random, times, Ends { port: 123, transport: 17, ..OUTWARD }, |fact| {
                fact.protocol = "ntp"
            }),
            2 => (0..8)
                .flat_map(|host| {
                    let client = format!("10.0.0.{host}");
                    let times = beats(random, count, 3_600.0, 0.05, 0.0);
                    calls(random, times, Ends { client: &client, ..OUTWARD }, |_| {})
                })
                .collect(),
            3 => calls(random, times, Ends { server: "10.0.0.99", port: 102, ..OUTWARD }, |fact| {
                fact.protocol = ""
            }),
            4 => calls(random, times, Ends { port: 4_500, transport: 17, ..OUTWARD }, |fact| {
                fact.protocol = ""
            }),
            _ => (1..6)
                .flat_map(|n| {
                    let server = format!("203.0.113.{n}");
                    let times = beats(random, count / 4, 60.0, 0.1, 0.0);
                    calls(random, times, Ends { server: &server, ..OUTWARD }, |_| {})
                })
                .collect(),
        }
    });
    Table {
        detector: "beacon",
        hostile: false,
        title: "Innocent timers and people",
        corner: "traffic",
        columns,
        rows,
    }
}

const DNS: Ends<'_> = Ends { client: OURS, server: "10.0.0.1", port: 53, transport: 17 };

fn questions(names: impl Iterator<Item = String>) -> Vec<Event> {
    let mut facts = Facts::default();
    for (number, name) in names.enumerate() {
        facts.exchange(
            number as f64,
            DNS,
            "dns",
            Some(Direction::ToServer),
            &[("dns.queries.rrname", &name)],
        );
    }
    facts.take()
}

fn dns_tunnel() -> Table {
    let rows = named(&[10_usize, 20, 30, 60, 120], " bytes a name");
    let columns = named(&[12_u32, 30, 100, 400], " names");
    let (columns, rows) = grid(&rows, &columns, "dns_tunnel", |random, bytes, count| {
        questions((0..count).map(|_| {
            let data = random.letters(b"abcdefghijklmnopqrstuvwxyz234567", bytes);
            let labels: Vec<&str> =
                data.as_bytes().chunks(60).filter_map(|label| std::str::from_utf8(label).ok()).collect();
            format!("{}.t.example.org", labels.join("."))
        }))
    });
    Table {
        detector: "dns_tunnel",
        hostile: true,
        title: "Base-32 data in names",
        corner: "size",
        columns,
        rows,
    }
}

fn dns_innocent() -> Table {
    let rows = [
        ("hosts of large sites".to_owned(), 0_u8),
        ("lists of senders, by address".to_owned(), 1),
        ("a content network with numbered hosts".to_owned(), 2),
    ];
    let columns = named(&[50_u32, 400], " names");
    let hosts =
        ["www", "mail", "news", "images", "video", "static", "api", "login", "search", "maps", "docs", "cdn"];
    let (columns, rows) = grid(&rows, &columns, "dns_tunnel", |random, kind, count| {
        let mut facts = Facts::default();
        for n in 0..count {
            let at = f64::from(n);
            let name = match kind {
                0 => format!("{}{}.example.com", random.pick(&hosts), random.below(10)),
                1 => format!("{}.{}.{}.203.zen.example.org", random.below(256), random.below(256), n % 256),
                _ => format!(
                    "r{}---sn-{}.cache.example.net",
                    random.below(20),
                    random.letters(b"abcdefhlnt", 8)
                ),
            };
            let server = if kind == 1 { "127.0.0.2".to_owned() } else { format!("198.51.100.{}", n % 250) };
            let answer = [("dns.queries.rrname", name.as_str()), ("dns.answers.address", server.as_str())];
            facts.exchange(at, DNS, "dns", Some(Direction::ToServer), &answer[..1]);
            facts.exchange(at + 0.1, DNS, "dns", Some(Direction::ToClient), &answer);
            if kind != 1 {
                facts.flow(at + 0.2, Ends { server: &server, ..OUTWARD }, [900, 40_000], |fact| {
                    fact.protocol = "tls"
                });
            }
        }
        facts.take()
    });
    Table {
        detector: "dns_tunnel",
        hostile: false,
        title: "Names of ordinary services",
        corner: "traffic",
        columns,
        rows,
    }
}

fn icmp_tunnel() -> Table {
    let rows = named(&[10_u32, 50, 100], " % of messages carry data");
    let columns = named(&[20_u32, 100, 1_000], " messages");
    let (columns, rows) = grid(&rows, &columns, "icmp_tunnel", |_, percent, count| {
        let data = count * percent / 100;
        let mut facts = Facts::default();
        facts.echo(EchoShape {
            messages: [count / 2, count / 2],
            unlike: data / 2,
            changed: data,
            resized: data / 2,
            counted: count * 400,
            filled: (count - data) * 400 + data * 20,
            ..EchoShape::default()
        });
        facts.take()
    });
    Table {
        detector: "icmp_tunnel",
        hostile: true,
        title: "Replies that answer, among pings",
        corner: "share",
        columns,
        rows,
    }
}

fn icmp_innocent() -> Table {
    let rows = [("ping".to_owned(), 0_u8), ("sizes varied to find the path's largest packet".to_owned(), 1)];
    let columns = named(&[20_u32, 10_000], " messages");
    let (columns, rows) = grid(&rows, &columns, "icmp_tunnel", |random, kind, count| {
        let changed = if kind == 0 { 0 } else { count };
        let mut facts = Facts::default();
        facts.echo(EchoShape {
            messages: [count / 2, count / 2 - random.below(3) as u32],
            changed,
            resized: changed,
            counted: count * 40,
            filled: count * 40,
            ..EchoShape::default()
        });
        facts.take()
    });
    Table { detector: "icmp_tunnel", hostile: false, title: "Measuring", corner: "traffic", columns, rows }
}

/// An HTTP channel: more and more of what gives it away.
const WEB_STEPS: [&str; 4] =
    ["named server, packed body", "and a lying agent", "and by address", "and on a port of its own"];

fn web_channel() -> Table {
    let rows: Vec<(String, usize)> =
        WEB_STEPS.iter().enumerate().map(|(step, name)| ((*name).to_owned(), step)).collect();
    let columns = named(&[1_u32, 3, 10, 40], " posts");
    let (columns, rows) = grid(&rows, &columns, "web_channel", |random, step, count| {
        let port = if step >= 3 { 8_443 } else { 80 };
        let ends = Ends { port, ..OUTWARD };
        let mut facts = Facts::default();
        for at in beats(random, count, 60.0, 0.3, 0.0) {
            let body = format!(
                "q={}",
                random.letters(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 80)
            );
            facts.body(at, ends, body.into_bytes());
            let fields = [
                ("http.method", "POST"),
                ("http.uri", "/forum/post.php"),
                ("http.host", if step >= 2 { "203.0.113.9" } else { "updates.example.net" }),
                (
                    "http.user_agent",
                    if step >= 1 { "Mozilla/5.0 (Windows NT 10.0) Firefox/99.0" } else { "Agent/1.0" },
                ),
                ("http.content_type", "application/x-www-form-urlencoded"),
            ];
            facts.exchange(at, ends, "http", None, &fields);
        }
        facts.take()
    });
    Table {
        detector: "web_channel",
        hostile: true,
        title: "Posts to one page",
        corner: "what gives it away",
        columns,
        rows,
    }
}

fn web_innocent() -> Table {
    let rows = [
        ("a person at a site with forms".to_owned(), 0_u8),
        ("certificate status".to_owned(), 1),
        ("a program reports usage, by name".to_owned(), 2),
    ];
    let columns = named(&[10_u32, 100], " exchanges");
    let (columns, rows) = grid(&rows, &columns, "web_channel", |random, kind, count| {
        let ends = Ends { port: 80, ..OUTWARD };
        let mut facts = Facts::default();
        let mut at = 0.0;
        for number in 0..count {
            at += 1.0 + share(random) * 60.0;
            let page = format!("/page/{}", random.below(40));
            let fields: &[(&'static str, &str)] = match kind {
                0 => &[
                    ("http.method", if number % 8 == 0 { "POST" } else { "GET" }),
                    ("http.uri", &page),
                    ("http.host", "www.example.com"),
                    ("http.user_agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/120.0"),
                    ("http.accept", "text/html"),
                    ("http.accept_lang", "fr"),
                    ("http.referer", "http://www.example.com/"),
                ],
                1 => &[
                    ("http.method", "POST"),
                    ("http.uri", "/"),
                    ("http.host", "status.example.net"),
                    ("http.content_type", "application/ocsp-request"),
                ],
                _ => &[
                    ("http.method", "POST"),
                    ("http.uri", "/v1/usage"),
                    ("http.host", "reports.example.net"),
                    ("http.user_agent", "Reporter/4.2"),
                    ("http.accept", "*/*"),
                    ("http.content_type", "application/json"),
                ],
            };
            facts.exchange(at, ends, "http", None, fields);
        }
        facts.take()
    });
    Table {
        detector: "web_channel",
        hostile: false,
        title: "Ordinary HTTP",
        corner: "traffic",
        columns,
        rows,
    }
}

fn raw_channel() -> Table {
    let rows = [
        ("a shell on port 4444".to_owned(), 0_u8),
        ("a shell on port 443".to_owned(), 1),
        ("a loader on port 4444".to_owned(), 2),
    ];
    let columns = named(&[1_u16, 2, 6], " prompts or stages");
    let (columns, rows) = grid(&rows, &columns, "raw_channel", |random, kind, count| {
        let ends = Ends { port: if kind == 1 { 443 } else { 4_444 }, ..OUTWARD };
        let mut facts = Facts::default();
        let flows = if kind == 2 { count } else { 1 };
        for number in 0..flows {
            let length = 1_000 + random.below(200_000) as u32;
            facts.flow(f64::from(number) * 60.0, ends, [20_000, u64::from(length) + 4], |fact| {
                if kind == 2 {
                    let next = Some((Direction::ToClient, 1_460));
                    fact.opening = Opening { first: Some(Direction::ToClient), answer: Some(4), after: next };
                    fact.shape = Some(Box::new([shape(b"\x16\x01", 0), shape(&length.to_le_bytes(), 0)]));
                } else {
                    fact.opening = Opening { first: Some(Direction::ToServer), ..Opening::default() };
                    fact.shape = Some(Box::new([
                        shape(b"bash: no job control in this shell", count),
                        shape(b"id\n", 0),
                    ]));
                }
            });
        }
        facts.take()
    });
    Table {
        detector: "raw_channel",
        hostile: true,
        title: "Bare connections outside",
        corner: "channel",
        columns,
        rows,
    }
}

fn tls_channel() -> Table {
    let rows =
        [("a certificate that signs itself".to_owned(), false), ("and names no host".to_owned(), true)];
    let columns =
        [("named, 443".to_owned(), 0_u8), ("nameless, 443".to_owned(), 1), ("nameless, 4782".to_owned(), 2)];
    let (columns, rows) = grid(&rows, &columns, "tls_channel", |_, hostless, step| {
        let ends = Ends { port: if step == 2 { 4_782 } else { 443 }, ..OUTWARD };
        let subject = if hostless { "CN=Server" } else { "CN=mail.example.com" };
        let mut facts = Facts::default();
        let fields = [
            ("tls.cert_subject", subject),
            ("tls.cert_issuer", subject),
            ("tls.sni", if step == 0 { "mail.example.com" } else { "" }),
        ];
        facts.exchange(0.0, ends, "tls", None, &fields);
        facts.take()
    });
    Table {
        detector: "tls_channel",
        hostile: true,
        title: "Encrypted channels to a lonely server",
        corner: "certificate",
        columns,
        rows,
    }
}

/// Nine hosts that ask for more than they say.
fn office(random: &mut Random, facts: &mut Facts) {
    for host in 0..9 {
        let client = format!("10.0.0.{}", 20 + host);
        for n in 0..30 {
            let server = format!("198.51.100.{}", 1 + random.below(20));
            let sent = 1_000 + random.below(20_000);
            facts.flow(
                f64::from(n) * 90.0,
                Ends { client: &client, server: &server, ..OUTWARD },
                [sent, sent * 12],
                |fact| {
                    fact.protocol = "tls";
                },
            );
        }
    }
}

/// Numbers of the form of a card's, of which `passing` in 1,000 pass the check digit.
fn numbers(random: &mut Random, count: u64, passing: u64) -> Option<Box<CardsSeen>> {
    let mut seen = CardsSeen::default();
    for key in 0..count {
        if random.below(1_000) >= passing {
            seen.failed += 1;
            continue;
        }
        let (prefix, suffix) = (400_000 + random.below(50) as u32, random.below(10_000) as u16);
        let (time, packet) = (Time::from_secs(0), PacketId(1));
        seen.numbers.push(CardNumber { key, prefix, suffix, grouped: false, time, packet });
    }
    Some(Box::new(seen))
}

fn card_leak() -> Table {
    let title = "A list of cards, some of its other numbers with it";
    card_lists(true, title, &[3, 10, 100, 1_000], &[1_000, 800, 500, 300])
}

fn card_leak_innocent() -> Table {
    let title = "Long numbers of another kind: by chance one in ten passes the check digit";
    card_lists(false, title, &[3, 30, 300, 1_000], &[100, 150])
}

fn card_lists(hostile: bool, title: &'static str, counts: &[u64], passing: &[u64]) -> Table {
    let rows = named(counts, " numbers");
    let columns = named(passing, " in 1,000 pass");
    let (columns, rows) = grid(&rows, &columns, "card_leak", |random, count, passing| {
        let mut facts = Facts::default();
        office(random, &mut facts);
        let cards = numbers(random, count, passing);
        facts.flow(3_000.0, OUTWARD, [count * 40, 300], |fact| fact.cards = cards);
        facts.take()
    });
    Table { detector: "card_leak", hostile, title, corner: "list", columns, rows }
}

fn theft() -> Table {
    let rows = named(&[5_u64, 20, 100, 1_000], " MB");
    let columns = named(&[3_u64, 10, 100], " sent for each received");
    let (columns, rows) = grid(&rows, &columns, "theft", |random, megabytes, ratio| {
        let mut facts = Facts::default();
        office(random, &mut facts);
        let bytes = megabytes * 1_000_000;
        facts.flow(3_000.0, OUTWARD, [bytes, bytes / ratio], |fact| fact.protocol = "tls");
        facts.take()
    });
    Table {
        detector: "theft",
        hostile: true,
        title: "An upload by HTTPS from one of nine hosts",
        corner: "volume",
        columns,
        rows,
    }
}

fn theft_innocent() -> Table {
    let rows = [
        ("a video call, as much each way".to_owned(), 0_u8),
        ("a backup that all nine hosts make".to_owned(), 1),
        ("downloads".to_owned(), 2),
    ];
    let columns = named(&[20_u64, 500], " MB");
    let (columns, rows) = grid(&rows, &columns, "theft", |random, kind, megabytes| {
        let mut facts = Facts::default();
        office(random, &mut facts);
        let bytes = megabytes * 1_000_000;
        match kind {
            0 => facts.flow(3_000.0, OUTWARD, [bytes, bytes], |fact| fact.protocol = "quic"),
            1 => {
                for host in 0..9 {
                    let client = format!("10.0.0.{}", 20 + host);
                    facts.flow(3_000.0, Ends { client: &client, ..OUTWARD }, [bytes, bytes / 50], |fact| {
                        fact.protocol = "tls"
                    });
                }
            }
            _ => facts.flow(3_000.0, OUTWARD, [bytes / 40, bytes], |fact| fact.protocol = "tls"),
        }
        facts.take()
    });
    Table {
        detector: "theft",
        hostile: false,
        title: "Large transfers that are none",
        corner: "traffic",
        columns,
        rows,
    }
}
