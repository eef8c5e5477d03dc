//! The grids of the detectors of attacks on hosts and controllers.

use lab::Random;
use model::{Direction, EchoShape, Event};

use super::Table;
use super::facts::{Ends, Facts, OUTWARD, share};
use super::grid::{grid, named};

pub(super) fn tables() -> Vec<Table> {
    vec![
        scan(),
        scan_innocent(),
        guessing(),
        guessing_innocent(),
        delivery(),
        delivery_innocent(),
        execution(),
        execution_innocent(),
        domain(),
        domain_innocent(),
        coercion(),
        coercion_innocent(),
        discovery(),
        discovery_innocent(),
        kerberos(),
        kerberos_innocent(),
        plc(),
        plc_innocent(),
        keystrokes(),
        keystrokes_innocent(),
        remote_tool(),
        remote_tool_innocent(),
    ]
}

/// Among our hosts, over SMB.
const INSIDE: Ends<'_> = Ends { server: "10.0.0.5", port: 445, ..OUTWARD };
const CONTROLLER: Ends<'_> = Ends { server: "10.0.0.1", port: 88, ..OUTWARD };
const DEVICE: Ends<'_> = Ends { server: "10.0.1.9", port: 502, ..OUTWARD };

fn scan() -> Table {
    let rows = [
        ("ports of a host".to_owned(), 0_u8),
        ("one port of hosts".to_owned(), 1),
        ("pings of hosts".to_owned(), 2),
    ];
    let columns = named(&[5_u16, 10, 20, 200], " tries");
    let (columns, rows) = grid(&rows, &columns, "scan", |random, kind, count| {
        let mut facts = Facts::default();
        for n in 0..count {
            let server = if kind == 0 { "10.0.1.7".to_owned() } else { format!("10.0.1.{}", n % 250 + 1) };
            let port = if kind == 0 { 1 + n } else { 445 };
            let answered = kind == 0 && share(random) < 0.05;
            let ends = Ends { server: &server, port, transport: if kind == 2 { 1 } else { 6 }, ..OUTWARD };
            facts.flow(f64::from(n) * 0.1, ends, [0, if answered { 200 } else { 0 }], |fact| {
                fact.established = answered;
                fact.tcp_flags = [2, if answered { 0x1b } else { 0x14 }];
                fact.packets = [1, 1];
                if kind == 2 {
                    fact.echo = Some(Box::new(EchoShape { messages: [1, 1], ..EchoShape::default() }));
                }
            });
        }
        facts.take()
    });
    Table { detector: "scan", hostile: true, title: "Looking around", corner: "what is tried", columns, rows }
}

fn scan_innocent() -> Table {
    let rows = [
        ("a browser, one in ten tries fails".to_owned(), 0_u8),
        ("ends of old conversations".to_owned(), 1),
        ("monitoring that pings".to_owned(), 2),
        ("peers over UDP, half of them gone".to_owned(), 3),
    ];
    let columns = named(&[20_u16, 200], " conversations");
    let (columns, rows) = grid(&rows, &columns, "scan", |random, kind, count| {
        let mut facts = Facts::default();
        for n in 0..count {
            let server = format!("198.51.100.{}", n % 250 + 1);
            let fails = match kind {
                0 => share(random) < 0.1,
                1 => true,
                2 => false,
                _ => share(random) < 0.5,
            };
            let transport = [6, 6, 1, 17][usize::from(kind)];
            let port = if kind == 3 { 10_000 + n } else { 443 };
            let ends = Ends { server: &server, port, transport, ..OUTWARD };
            let payload = if fails { [0, 0] } else { [500, 5_000] };
            facts.flow(f64::from(n) * 3.0, ends, payload, |fact| {
                fact.tcp_flags = if kind == 1 { [0x11, 0] } else { [2, 0x1b] };
                if kind == 2 {
                    fact.echo = Some(Box::new(EchoShape { messages: [60, 60], ..EchoShape::default() }));
                }
            });
        }
        facts.take()
    });
    Table {
        detector: "scan",
        hostile: false,
        title: "What fails without anybody looking around",
        corner: "traffic",
        columns,
        rows,
    }
}

fn guessing() -> Table {
    let rows = [("refused logins by FTP".to_owned(), true), ("short sessions of SSH".to_owned(), false)];
    let columns = named(&[3_u32, 8, 20, 200], " tries");
    let (columns, rows) = grid(&rows, &columns, "guessing", |random, refused, count| {
        let mut facts = Facts::default();
        for n in 0..count {
            let at = f64::from(n) * 2.0;
            if refused {
                let fields = [("ftp.command", "PASS"), ("ftp.completion_code", "530")];
                facts.exchange(at, Ends { port: 21, ..INSIDE }, "ftp", None, &fields);
            } else {
                let sent = 1_900 + random.below(100);
                facts.flow(at, Ends { port: 22, ..INSIDE }, [sent, 2_600], |fact| fact.protocol = "ssh");
            }
        }
        facts.take()
    });
    Table { detector: "guessing", hostile: true, title: "Passwords tried", corner: "service", columns, rows }
}

fn guessing_innocent() -> Table {
    let rows = [("a person who mistypes".to_owned(), true), ("sessions with work in them".to_owned(), false)];
    let columns = named(&[3_u32, 5], " sessions");
    let (columns, rows) = grid(&rows, &columns, "guessing", |random, refused, count| {
        let mut facts = Facts::default();
        for n in 0..count {
            let at = f64::from(n) * 20.0;
            if refused {
                let fields = [("ftp.command", "PASS"), ("ftp.completion_code", "530")];
                facts.exchange(at, Ends { port: 21, ..INSIDE }, "ftp", None, &fields);
            } else {
                let sent = 3_000 + random.below(900_000);
                facts.flow(at, Ends { port: 22, ..INSIDE }, [sent, 90_000], |fact| fact.protocol = "ssh");
            }
        }
        facts.take()
    });
    Table {
        detector: "guessing",
        hostile: false,
        title: "Logins of people",
        corner: "traffic",
        columns,
        rows,
    }
}

fn fetched(name: &str, kind: &str, head: &[u8], host: &str) -> Vec<Event> {
    let mut facts = Facts::default();
    let ends = Ends { port: 80, ..OUTWARD };
    facts.file(1.0, ends, "http", name, head);
    let mut events = facts.take();
    for event in &mut events {
        if let model::EventKind::File(file) = &mut event.kind {
            file.direction = Direction::ToClient;
        }
    }
    let mut facts = Facts::default();
    let uri = format!("/{name}");
    let fields = [
        ("http.method", "GET"),
        ("http.uri", &*uri),
        ("http.host", host),
        ("http.user_agent", "Mozilla/5.0 (Windows NT 10.0) Firefox/120.0"),
        ("http.content_type", kind),
        ("http.stat_code", "200"),
    ];
    facts.exchange(2.0, ends, "http", None, &fields);
    events.extend(facts.take());
    for event in &mut events {
        match &mut event.kind {
            model::EventKind::File(file) => file.who.flow = model::FlowId(1),
            model::EventKind::Transaction(fact) => fact.who.flow = model::FlowId(1),
            _ => {}
        }
    }
    events
}

/// The start of a program for Windows.
const PROGRAM: &[u8] = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0";

fn delivery() -> Table {
    let rows = [("a program that says it is a picture".to_owned(), ("logo.gif", "image/gif"))];
    let columns = [("by name".to_owned(), "cdn.example.net"), ("by address".to_owned(), "203.0.113.9")];
    let (columns, rows) =
        grid(&rows, &columns, "delivery", |_, (name, kind), host| fetched(name, kind, PROGRAM, host));
    Table {
        detector: "delivery",
        hostile: true,
        title: "Programs in disguise",
        corner: "what comes",
        columns,
        rows,
    }
}

fn delivery_innocent() -> Table {
    let rows = [
        ("a picture".to_owned(), ("logo.gif", "image/gif")),
        ("a page".to_owned(), ("index.html", "text/html")),
    ];
    let columns = [("by name".to_owned(), "cdn.example.net")];
    let (columns, rows) = grid(&rows, &columns, "delivery", |_, (name, kind), host| {
        let head: &[u8] = if kind == "image/gif" { b"GIF89a\x01\0\x01\0" } else { b"<!doctype html><html>" };
        fetched(name, kind, head, host)
    });
    Table {
        detector: "delivery",
        hostile: false,
        title: "What it is taken for",
        corner: "what comes",
        columns,
        rows,
    }
}

/// Calls of `(service, operation)` from one host to another.
fn calls(ends: Ends<'_>, list: &[(&str, u64)]) -> Vec<Event> {
    let mut facts = Facts::default();
    for (n, (service, operation)) in list.iter().enumerate() {
        facts.call(n as f64, ends, service, *operation);
    }
    facts.take()
}

fn execution() -> Table {
    type Calls = &'static [(&'static str, u64)];
    let rows: [(String, Calls); 5] = [
        ("a service".to_owned(), &[("svcctl", 15), ("svcctl", 12), ("svcctl", 19), ("svcctl", 2)]),
        ("a scheduled task".to_owned(), &[("ITaskSchedulerService", 1), ("ITaskSchedulerService", 12)]),
        (
            "a method of WMI".to_owned(),
            &[("IWbemLevel1Login", 6), ("IWbemServices", 6), ("IWbemServices", 24)],
        ),
        ("an automation object".to_owned(), &[("00020400-0000-0000-c000-000000000046", 6)]),
        ("the old task scheduler".to_owned(), &[("atsvc", 0)]),
    ];
    let (columns, rows) =
        grid(&rows, &named(&[1_u32], " time"), "remote_execution", |_, list, _| calls(INSIDE, list));
    Table {
        detector: "remote_execution",
        hostile: true,
        title: "Something run on another host",
        corner: "means",
        columns,
        rows,
    }
}

fn execution_innocent() -> Table {
    type Calls = &'static [(&'static str, u64)];
    let rows: [(String, Calls); 3] = [
        (
            "the state of services".to_owned(),
            &[("svcctl", 15), ("svcctl", 16), ("svcctl", 6), ("svcctl", 14)],
        ),
        ("queries of WMI".to_owned(), &[("IWbemLevel1Login", 6), ("IWbemServices", 20)]),
        ("tasks listed".to_owned(), &[("ITaskSchedulerService", 0), ("ITaskSchedulerService", 7)]),
    ];
    let (columns, rows) =
        grid(&rows, &named(&[1_usize, 50], " times"), "remote_execution", |_, list, times| {
            calls(INSIDE, &list.repeat(times))
        });
    Table {
        detector: "remote_execution",
        hostile: false,
        title: "Monitoring",
        corner: "questions",
        columns,
        rows,
    }
}

fn domain() -> Table {
    type Calls = &'static [(&'static str, u64)];
    let rows: [(String, (Calls, usize)); 3] = [
        ("replication asked for".to_owned(), (&[("drsuapi", 0), ("drsuapi", 3)], 1)),
        ("a machine's credential guessed".to_owned(), (&[("netlogon", 4), ("netlogon", 26)], 100)),
        ("stored secrets fetched".to_owned(), (&[("lsarpc", 44), ("lsarpc", 43)], 1)),
    ];
    let (columns, rows) = grid(&rows, &named(&[1_u32], " run"), "domain_theft", |_, (list, times), _| {
        calls(Ends { port: 49_667, ..CONTROLLER }, &list.repeat(times))
    });
    Table {
        detector: "domain_theft",
        hostile: true,
        title: "A controller robbed",
        corner: "way",
        columns,
        rows,
    }
}

fn domain_innocent() -> Table {
    let rows = [("replication between controllers".to_owned(), true), ("a login".to_owned(), false)];
    let (columns, rows) =
        grid(&rows, &named(&[1_u32, 20], " times"), "domain_theft", |_, controllers, times| {
            let mut facts = Facts::default();
            let answers = Ends { client: "10.0.0.77", server: OUTWARD.client, port: 88, transport: 17 };
            if controllers {
                facts.exchange(0.0, answers, "krb5", None, &[("krb5.client", "anna")]);
            }
            for n in 0..times {
                let list: &[(&str, u64)] = if controllers {
                    &[("drsuapi", 3)]
                } else {
                    &[("netlogon", 4), ("netlogon", 26), ("lsarpc", 76), ("drsuapi", 12)]
                };
                for (service, operation) in list {
                    facts.call(1.0 + f64::from(n) * 600.0, CONTROLLER, service, *operation);
                }
            }
            facts.take()
        });
    Table {
        detector: "domain_theft",
        hostile: false,
        title: "A domain at work",
        corner: "traffic",
        columns,
        rows,
    }
}

fn coercion() -> Table {
    let rows = [
        ("print notification".to_owned(), ("spoolss", 65_u64)),
        ("encrypted files".to_owned(), ("efsrpc", 0)),
        ("a namespace".to_owned(), ("netdfs", 13)),
        ("a printer driver".to_owned(), ("spoolss", 89)),
    ];
    let (columns, rows) = grid(&rows, &named(&[1_usize], " call"), "coercion", |_, call, times| {
        calls(INSIDE, &vec![call; times])
    });
    Table {
        detector: "coercion",
        hostile: true,
        title: "A server made to log in elsewhere",
        corner: "call",
        columns,
        rows,
    }
}

fn coercion_innocent() -> Table {
    let rows = [("printing".to_owned(), 0_u8), ("namespaces looked up".to_owned(), 1)];
    let (columns, rows) = grid(&rows, &named(&[1_usize, 50], " times"), "coercion", |_, kind, times| {
        let list: &[(&str, u64)] = if kind == 0 {
            &[("spoolss", 1), ("spoolss", 17), ("spoolss", 19), ("spoolss", 29)]
        } else {
            &[("netdfs", 4), ("netdfs", 21)]
        };
        calls(INSIDE, &list.repeat(times))
    });
    Table {
        detector: "coercion",
        hostile: false,
        title: "Printing and shares",
        corner: "traffic",
        columns,
        rows,
    }
}

fn discovery() -> Table {
    let rows =
        [("kinds of questions about accounts".to_owned(), 0_u8), ("hosts asked for sessions".to_owned(), 1)];
    let columns = named(&[2_usize, 4, 6, 12], "");
    let (columns, rows) = grid(&rows, &columns, "discovery", |_, kind, count| {
        let mut facts = Facts::default();
        for n in 0..count {
            let server = format!("10.0.0.{}", if kind == 0 { 1 } else { n + 50 });
            let ends = Ends { server: &server, ..INSIDE };
            let operation = [13, 11, 15, 25, 33, 40, 17, 18, 36, 39, 16, 20][n % 12];
            let (service, operation) = if kind == 0 { ("samr", operation) } else { ("srvsvc", 12) };
            facts.call(n as f64, ends, service, operation);
        }
        facts.take()
    });
    Table {
        detector: "discovery",
        hostile: true,
        title: "A domain explored",
        corner: "question",
        columns,
        rows,
    }
}

fn discovery_innocent() -> Table {
    let rows = [
        ("a login looks a name up".to_owned(), "samr"),
        ("a person opens shares".to_owned(), "srvsvc"),
        ("an address book searches".to_owned(), "ldap"),
    ];
    let columns = named(&[1_usize, 3], " servers");
    let (columns, rows) = grid(&rows, &columns, "discovery", |random, service, count| {
        let mut facts = Facts::default();
        for n in 0..count {
            let server = format!("10.0.0.{}", n + 1);
            let ends = Ends { server: &server, ..INSIDE };
            match service {
                "ldap" => {
                    let filter = format!("(&(mail={}*)(objectClass=person))", random.letters(b"abcdefgh", 4));
                    facts.exchange(
                        n as f64,
                        Ends { port: 389, ..ends },
                        "ldap",
                        None,
                        &[("ldap.request.filter", &filter)],
                    );
                }
                _ => facts.call(n as f64, ends, service, if service == "samr" { 17 } else { 15 }),
            }
        }
        facts.take()
    });
    Table { detector: "discovery", hostile: false, title: "A domain used", corner: "traffic", columns, rows }
}

/// A request of a user and its answer.
fn login(facts: &mut Facts, at: f64, user: &str, answer: &[(&'static str, u64)]) {
    let names = [("krb5.client", user), ("krb5.service", "krbtgt/EXAMPLE")];
    facts.numbered(at, CONTROLLER, "krb5", None, &names, &[("krb5_msg_type", 10), ("krb5.proof", 2)]);
    facts.numbered(at, CONTROLLER, "krb5", None, &names, answer);
}

fn kerberos() -> Table {
    let rows = [("users who are refused".to_owned(), 0_u8), ("services with RC4 tickets".to_owned(), 1)];
    let columns = named(&[2_u32, 4, 8, 40], "");
    let (columns, rows) = grid(&rows, &columns, "kerberos", |_, kind, count| {
        let mut facts = Facts::default();
        let flow_of = |events: Vec<Event>| {
            // A request and its answer share a conversation.
            let mut events = events;
            for (n, event) in events.iter_mut().enumerate() {
                if let model::EventKind::Transaction(fact) = &mut event.kind {
                    fact.who.flow = model::FlowId(n as u64 / 2 + 1);
                }
            }
            events
        };
        for n in 0..count {
            let at = f64::from(n);
            if kind == 0 {
                login(&mut facts, at, &format!("user{n}"), &[("krb5_msg_type", 30), ("krb5_err_code", 24)]);
            } else {
                let service = format!("MSSQLSvc/db{n}.example");
                let numbers = [("krb5_msg_type", 13), ("krb5.ticket_etype", 23), ("krb5.reply_etype", 18)];
                facts.numbered(
                    at,
                    CONTROLLER,
                    "krb5",
                    None,
                    &[("krb5.client", "anna"), ("krb5.service", &service)],
                    &numbers,
                );
            }
        }
        flow_of(facts.take())
    });
    Table {
        detector: "kerberos",
        hostile: true,
        title: "Tickets of others",
        corner: "what is tried",
        columns,
        rows,
    }
}

fn kerberos_innocent() -> Table {
    let rows =
        [("a terminal server with many users".to_owned(), 0_u8), ("AES tickets of services".to_owned(), 1)];
    let columns = named(&[20_u32, 200], "");
    let (columns, rows) = grid(&rows, &columns, "kerberos", |_, kind, count| {
        let mut facts = Facts::default();
        for n in 0..count {
            let at = f64::from(n);
            if kind == 0 {
                let answer = [("krb5_msg_type", 11), ("krb5.reply_etype", 18), ("krb5.ticket_etype", 18)];
                login(&mut facts, at, &format!("user{n}"), &answer);
            } else {
                let service = format!("HTTP/web{n}.example");
                let numbers = [("krb5_msg_type", 13), ("krb5.ticket_etype", 18), ("krb5.reply_etype", 18)];
                facts.numbered(at, CONTROLLER, "krb5", None, &[("krb5.service", &service)], &numbers);
            }
        }
        facts.take()
    });
    Table {
        detector: "kerberos",
        hostile: false,
        title: "Tickets of one's own",
        corner: "traffic",
        columns,
        rows,
    }
}

fn written(facts: &mut Facts, at: f64, client: &str, function: u64) {
    let ends = Ends { client, ..DEVICE };
    facts.numbered(at, ends, "modbus", None, &[], &[("modbus.function", function), ("modbus.address", 3)]);
}

fn plc() -> Table {
    let rows = [
        ("a stop".to_owned(), 0_u8),
        ("a restart".to_owned(), 1),
        ("functions tried".to_owned(), 2),
        ("a newcomer after an hour of others".to_owned(), 3),
    ];
    let (columns, rows) = grid(&rows, &named(&[1_u32], " time"), "plc", |_, kind, _| {
        let mut facts = Facts::default();
        match kind {
            0 => facts.numbered(
                0.0,
                Ends { port: 102, ..DEVICE },
                "s7comm",
                None,
                &[],
                &[("s7comm.function", 0x29)],
            ),
            1 => facts.numbered(
                0.0,
                Ends { port: 20_000, ..DEVICE },
                "dnp3",
                Some(Direction::ToServer),
                &[],
                &[("dnp3.func", 13)],
            ),
            2 => {
                for function in 60..90 {
                    let numbers = [("modbus.function", function), ("modbus.exception", 1)];
                    facts.numbered(function as f64, DEVICE, "modbus", None, &[], &numbers);
                }
            }
            _ => {
                (0..1_000).for_each(|n| written(&mut facts, f64::from(n) * 4.0, "10.0.0.50", 16));
                written(&mut facts, 4_001.0, "10.0.0.77", 6);
            }
        }
        facts.take()
    });
    Table {
        detector: "plc",
        hostile: true,
        title: "Controllers under command",
        corner: "command",
        columns,
        rows,
    }
}

fn plc_innocent() -> Table {
    let rows = [("a master that writes".to_owned(), 1_u32), ("two masters that write".to_owned(), 2)];
    let (columns, rows) = grid(&rows, &named(&[100_u32, 2_000], " writes"), "plc", |_, masters, count| {
        let mut facts = Facts::default();
        for n in 0..count {
            written(&mut facts, f64::from(n) * 4.0, &format!("10.0.0.{}", 50 + n % masters), 16);
        }
        facts.take()
    });
    Table { detector: "plc", hostile: false, title: "A plant at work", corner: "traffic", columns, rows }
}

/// One long connection to the outside in which `side` speaks after each pause.
fn typed(random: &mut Random, side: Direction, words: u32, payload: [u64; 2], steady: bool) -> Vec<Event> {
    let mut facts = Facts::default();
    facts.flow(0.0, OUTWARD, payload, |fact| {
        fact.protocol = "tls";
        let mut at = fact.who.began;
        fact.bursts = (0..words)
            .map(|_| {
                let pause = if steady { 30 } else { *random.pick(&[1, 2, 3, 5, 9, 17, 31, 60]) };
                at = at.plus_secs(pause + 1);
                (at, side, 40 + random.below(60) as u32)
            })
            .collect();
        fact.last = at;
    });
    facts.take()
}

fn keystrokes() -> Table {
    let rows = [("what it prints is long".to_owned(), 20_u64), ("what it prints is short".to_owned(), 2)];
    let columns = named(&[6_u32, 10, 20, 60], " words");
    let (columns, rows) = grid(&rows, &columns, "keystrokes", |random, ratio, words| {
        let said = u64::from(words) * 80;
        typed(random, Direction::ToClient, words, [said * ratio, said], false)
    });
    Table {
        detector: "keystrokes",
        hostile: true,
        title: "A shell inside encryption",
        corner: "answers",
        columns,
        rows,
    }
}

fn keystrokes_innocent() -> Table {
    let rows = [
        ("messages that are pushed".to_owned(), 0_u8),
        ("a machine that polls".to_owned(), 1),
        ("a person who types".to_owned(), 2),
    ];
    let columns = named(&[10_u32, 60], " words");
    let (columns, rows) = grid(&rows, &columns, "keystrokes", |random, kind, words| {
        let said = u64::from(words) * 80;
        match kind {
            0 => typed(random, Direction::ToClient, words, [said / 8, said], false),
            1 => typed(random, Direction::ToClient, words, [said * 20, said], true),
            _ => typed(random, Direction::ToServer, words, [said, said * 20], false),
        }
    });
    Table {
        detector: "keystrokes",
        hostile: false,
        title: "Long connections of other kinds",
        corner: "traffic",
        columns,
        rows,
    }
}

fn remote_tool() -> Table {
    let rows = [
        ("remote administration".to_owned(), "relay-1a2b.net.anydesk.com"),
        ("a tunnel for hire".to_owned(), "a1b2c3.ngrok.io"),
        ("a gateway to Tor".to_owned(), "abcdefgh234567.onion.ws"),
    ];
    let (columns, rows) =
        grid(&rows, &named(&[1_u32], " host"), "remote_tool", |_, name, hosts| uses(name, hosts));
    Table {
        detector: "remote_tool",
        hostile: true,
        title: "Tools that open a way",
        corner: "tool",
        columns,
        rows,
    }
}

fn uses(name: &str, hosts: u32) -> Vec<Event> {
    let mut facts = Facts::default();
    for host in 0..hosts {
        let client = format!("10.0.0.{}", 20 + host);
        facts.exchange(
            f64::from(host),
            Ends { client: &client, ..OUTWARD },
            "tls",
            None,
            &[("tls.sni", name)],
        );
    }
    facts.take()
}

fn remote_tool_innocent() -> Table {
    let rows = [
        ("a tool that many use".to_owned(), "router1.teamviewer.com"),
        ("a name that only ends alike".to_owned(), "myanydesk.com"),
    ];
    let (columns, rows) =
        grid(&rows, &named(&[8_u32, 40], " hosts"), "remote_tool", |_, name, hosts| uses(name, hosts));
    Table { detector: "remote_tool", hostile: false, title: "What is no news", corner: "name", columns, rows }
}
