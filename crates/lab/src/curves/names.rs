//! The grids of the detectors of names and certificates.

use lab::Random;
use model::{Direction, Event};

use super::Table;
use super::facts::{Ends, Facts, OUTWARD, share};
use super::grid::{grid, named};

pub(super) fn tables() -> Vec<Table> {
    vec![
        certificate(),
        certificate_innocent(),
        generated(),
        generated_innocent(),
        missing(),
        missing_innocent(),
        flux(),
        flux_innocent(),
        rare(),
        rare_innocent(),
        lookalike(),
        lookalike_innocent(),
        disguise(),
        disguise_innocent(),
    ]
}

const RESOLVER: Ends<'_> = Ends { server: "10.0.0.1", port: 53, transport: 17, ..OUTWARD };
const DAY: u64 = 86_400;
/// Where the lab's clock starts, in days.
fn today() -> u64 {
    lab::START.secs() / DAY
}
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
/// Words that people name their domains after.
const WORDS: [&str; 24] = [
    "weather", "book", "city", "garden", "mail", "news", "forum", "recipe", "train", "cinema", "school",
    "travel", "music", "sport", "health", "photo", "market", "bridge", "river", "castle", "coffee", "paper",
    "winter", "bicycle",
];

fn word(random: &mut Random) -> &'static str {
    WORDS[random.below(WORDS.len() as u64) as usize]
}

fn certificate() -> Table {
    let rows = [
        ("a name of nobody, eternal".to_owned(), ("CN=Server", 36_500_u64)),
        ("a tool's default".to_owned(), ("C=AU, ST=Some-State, O=Internet Widgits Pty Ltd", 3_650)),
    ];
    let columns = [
        ("443, named".to_owned(), (443_u16, "www.example.net", 400_u64)),
        ("443, nameless".to_owned(), (443, "", 400)),
        ("4782, nameless".to_owned(), (4_782, "", 400)),
        ("4782, made yesterday".to_owned(), (4_782, "", 1)),
    ];
    let (columns, rows) = grid(&rows, &columns, "certificate", |_, (subject, days), (port, asked, age)| {
        shown("203.0.113.9", port, asked, [subject, subject], age, days)
    });
    Table {
        detector: "certificate",
        hostile: true,
        title: "Certificates of control servers",
        corner: "subject",
        columns,
        rows,
    }
}

fn shown(server: &str, port: u16, asked: &str, names: [&str; 2], age: u64, days: u64) -> Vec<Event> {
    let mut facts = Facts::default();
    let texts = [
        ("tls.sni", asked),
        ("tls.cert_subject", names[0]),
        ("tls.cert_issuer", names[1]),
        ("tls.cert_fingerprint", "aa:bb:cc"),
    ];
    let begins = (today() - age) * DAY;
    let numbers = [("tls.not_before", begins), ("tls.not_after", begins + days * DAY)];
    facts.numbered(0.0, Ends { server, port, ..OUTWARD }, "tls", None, &texts, &numbers);
    facts.take()
}

fn certificate_innocent() -> Table {
    let rows = [
        ("a public authority".to_owned(), 0_u8),
        ("a company's own authority".to_owned(), 1),
        ("a printer inside, signed by itself".to_owned(), 2),
    ];
    let columns = [("443".to_owned(), 443_u16), ("8443".to_owned(), 8_443)];
    let (columns, rows) = grid(&rows, &columns, "certificate", |random, kind, port| match kind {
        0 => {
            let name = format!("{}{}.com", word(random), word(random));
            let issuer = "C=US, O=Authority Inc, CN=Authority TLS CA";
            shown("198.51.100.7", port, &name, [&format!("CN={name}"), issuer], random.below(80), 90)
        }
        1 => {
            let issuer = "C=DE, O=Example GmbH, CN=Example Internal CA";
            shown("10.0.0.77", port, "intranet.example.com", ["CN=intranet.example.com", issuer], 300, 1_825)
        }
        _ => shown("10.0.0.99", port, "", ["CN=printer", "CN=printer"], 700, 3_650),
    });
    Table {
        detector: "certificate",
        hostile: false,
        title: "Certificates of ordinary servers",
        corner: "certificate",
        columns,
        rows,
    }
}

/// Answers of the resolver to one client.
fn answers(names: impl Iterator<Item = (f64, String, Option<String>)>) -> Vec<Event> {
    let mut facts = Facts::default();
    for (at, name, address) in names {
        let mut texts = vec![("dns.queries.rrname", name.as_str())];
        texts.extend(address.as_deref().map(|address| ("dns.answers.address", address)));
        let code = if address.is_some() { 0 } else { 3 };
        facts.numbered(at, RESOLVER, "dns", Some(Direction::ToClient), &texts, &[("dns.rcode", code)]);
    }
    facts.take()
}

fn generated() -> Table {
    let rows = [
        ("letters at random, 8".to_owned(), (0_u8, 8_u64)),
        ("letters at random, 14".to_owned(), (0, 14)),
        ("hexadecimal digits, 16".to_owned(), (1, 16)),
        ("two words of a list".to_owned(), (2, 0)),
    ];
    let columns = named(&[3_u32, 8, 20, 60], " names that do not exist");
    let (columns, rows) = grid(&rows, &columns, "dga", |random, (kind, size), count| {
        let names: Vec<_> = (0..count)
            .map(|n| {
                let label = match kind {
                    0 => random.letters(LETTERS, size as usize),
                    1 => random.letters(b"0123456789abcdef", size as usize),
                    _ => format!("{}{}", word(random), word(random)),
                };
                (f64::from(n) * 4.0, format!("{label}.com"), None)
            })
            .collect();
        answers(names.into_iter())
    });
    Table {
        detector: "dga",
        hostile: true,
        title: "Names made by an algorithm",
        corner: "algorithm",
        columns,
        rows,
    }
}

fn generated_innocent() -> Table {
    let rows =
        [("names of words that exist".to_owned(), true), ("names of words, mistyped".to_owned(), false)];
    let columns = named(&[20_u32, 100], " names");
    let (columns, rows) = grid(&rows, &columns, "dga", |random, exist, count| {
        let names: Vec<_> = (0..count)
            .map(|n| {
                let label = format!("{}{}", word(random), word(random));
                (f64::from(n) * 30.0, format!("{label}.com"), exist.then(|| "198.51.100.7".to_owned()))
            })
            .collect();
        answers(names.into_iter())
    });
    Table { detector: "dga", hostile: false, title: "Names made by people", corner: "names", columns, rows }
}

fn missing() -> Table {
    let rows = named(&[1.0_f64, 5.0, 30.0, 600.0], " s apart");
    let columns = named(&[10_u32, 20, 40, 100], " domains");
    let (columns, rows) = grid(&rows, &columns, "nxdomain", |random, apart, count| {
        let names: Vec<_> = (0..count)
            .map(|n| (f64::from(n) * apart, format!("{}{}{n}.com", word(random), word(random)), None))
            .collect();
        answers(names.into_iter())
    });
    Table {
        detector: "nxdomain",
        hostile: true,
        title: "Domains that do not exist, one after the other",
        corner: "pace",
        columns,
        rows,
    }
}

fn missing_innocent() -> Table {
    let rows = [
        ("look-ups of a block list".to_owned(), 0_u8),
        ("a browser's random words without a domain".to_owned(), 1),
    ];
    let columns = named(&[100_u32, 1_000], " names");
    let (columns, rows) = grid(&rows, &columns, "nxdomain", |random, kind, count| {
        let names: Vec<_> = (0..count)
            .map(|n| {
                let name = match kind {
                    0 => format!("{}.2.0.192.zen.example.org", random.below(255)),
                    _ => random.letters(LETTERS, 10),
                };
                (f64::from(n), name, None)
            })
            .collect();
        answers(names.into_iter())
    });
    Table {
        detector: "nxdomain",
        hostile: false,
        title: "Names that need not exist",
        corner: "names",
        columns,
        rows,
    }
}

fn flux() -> Table {
    let rows = named(&[0.2_f64, 0.5, 1.0], " of the addresses in networks of their own");
    let columns = named(&[5_u32, 10, 20, 40], " answers");
    let (columns, rows) = grid(&rows, &columns, "flux", |random, spread, count| {
        let names: Vec<_> = (0..count)
            .map(|n| {
                let network = if share(random) < spread { (31 + n % 190, n * 5 % 250) } else { (31, 7) };
                let address = format!("{}.{}.7.{}", network.0, network.1, n % 250 + 1);
                (f64::from(n) * 180.0, "shop.example".to_owned(), Some(address))
            })
            .collect();
        answers(names.into_iter())
    });
    Table {
        detector: "flux",
        hostile: true,
        title: "A name with ever new addresses",
        corner: "spread",
        columns,
        rows,
    }
}

fn flux_innocent() -> Table {
    let rows = [
        ("a content network".to_owned(), "cdn.example"),
        ("a pool of time servers".to_owned(), "0.pool.ntp.example"),
    ];
    let columns = named(&[20_u32, 100], " answers");
    let (columns, rows) = grid(&rows, &columns, "flux", |random, name, count| {
        let pool = name.contains("pool");
        let names: Vec<_> = (0..count)
            .map(|n| {
                let network = if pool { 31 + random.below(190) } else { 31 };
                let address = format!("{network}.{}.7.{}", random.below(4), n % 250 + 1);
                (f64::from(n) * 180.0, name.to_owned(), Some(address))
            })
            .collect();
        answers(names.into_iter())
    });
    Table { detector: "flux", hostile: false, title: "Names that rotate", corner: "name", columns, rows }
}

/// Ten hosts that are ours, and visits of some of them to a name.
fn visits(name: &str, hosts: u32) -> Vec<Event> {
    let mut facts = Facts::default();
    for host in 0..10 {
        let client = format!("10.0.0.{}", 20 + host);
        let ends = Ends { client: &client, server: "198.51.100.1", ..OUTWARD };
        facts.flow(f64::from(host), ends, [1_000, 9_000], |fact| fact.protocol = "tls");
    }
    for host in 0..hosts {
        let client = format!("10.0.0.{}", 20 + host);
        let ends = Ends { client: &client, ..OUTWARD };
        facts.exchange(9_000.0 + f64::from(host), ends, "tls", None, &[("tls.sni", name)]);
    }
    facts.take()
}

fn rare() -> Table {
    let rows = [("a dynamic name".to_owned(), "updates.duckdns.org")];
    let (columns, rows) =
        grid(&rows, &named(&[1_u32], " of 10 hosts"), "rare", |_, name, hosts| visits(name, hosts));
    Table {
        detector: "rare",
        hostile: true,
        title: "Names that next to nobody uses",
        corner: "name",
        columns,
        rows,
    }
}

fn rare_innocent() -> Table {
    let rows = [
        ("a dynamic name".to_owned(), "camera.duckdns.org"),
        ("an ordinary name".to_owned(), "www.gardening.example"),
    ];
    let (columns, rows) =
        grid(&rows, &named(&[6_u32, 9], " of 10 hosts"), "rare", |_, name, hosts| visits(name, hosts));
    Table { detector: "rare", hostile: false, title: "Names that many use", corner: "name", columns, rows }
}

fn lookalike() -> Table {
    let rows = [
        ("letters that look alike".to_owned(), "xn--exemplrbank-3ij.com"),
        ("digits for letters".to_owned(), "exemp1arbank.com"),
        ("mistyped".to_owned(), "exempalrbank.com"),
        ("with a word added".to_owned(), "exemplarbank-login.net"),
        ("as a subdomain".to_owned(), "exemplarbank.com.customer-service.net"),
    ];
    let (columns, rows) =
        grid(&rows, &named(&[1_u32], " visit"), "lookalike", |_, name, hosts| visits(name, hosts));
    Table {
        detector: "lookalike",
        hostile: true,
        title: "Names made to be mistaken for a protected one",
        corner: "way",
        columns,
        rows,
    }
}

fn lookalike_innocent() -> Table {
    let rows = [
        ("the protected name itself".to_owned(), "www.exemplarbank.com"),
        ("its name in another country".to_owned(), "exemplarbank.de"),
        ("behind a content network".to_owned(), "exemplarbank.com.edgekey.net"),
        ("a name that shares a word".to_owned(), "banking.net"),
    ];
    let (columns, rows) =
        grid(&rows, &named(&[1_u32, 5], " visits"), "lookalike", |_, name, hosts| visits(name, hosts));
    Table { detector: "lookalike", hostile: false, title: "Honest neighbours", corner: "name", columns, rows }
}

const BROWSER: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
const OF_BROWSER: &str = "t13d1516h2_8daaf6152771_02713d6af862";
const OF_LIBRARY: &str = "t12i050400_a1b2c3d4e5f6_0123456789ab";

/// Handshakes with as many servers as a browser has, then with one of them in another way.
fn handshakes(others: u32, last: &str, agent: bool) -> Vec<Event> {
    let mut facts = Facts::default();
    for number in 0..others {
        let server = format!("198.51.100.{}", number + 1);
        let ends = Ends { server: &server, ..OUTWARD };
        facts.exchange(f64::from(number), ends, "tls", None, &[("ja4.hash", OF_BROWSER)]);
    }
    if agent {
        facts.exchange(999.0, OUTWARD, "http", None, &[("http.user_agent", BROWSER)]);
    }
    for number in 0..4 {
        facts.exchange(1_000.0 + f64::from(number), OUTWARD, "tls", None, &[("ja4.hash", last)]);
    }
    facts.take()
}

fn disguise() -> Table {
    let rows = [("a browser's agent, a library's handshake".to_owned(), true)];
    let columns = named(&[2_u32, 20], " other servers");
    let (columns, rows) =
        grid(&rows, &columns, "disguise", |_, agent, others| handshakes(others, OF_LIBRARY, agent));
    Table {
        detector: "disguise",
        hostile: true,
        title: "Programs that claim to be others",
        corner: "claim",
        columns,
        rows,
    }
}

fn disguise_innocent() -> Table {
    let rows = [("a browser".to_owned(), true), ("a browser that says nothing of itself".to_owned(), false)];
    let columns = named(&[2_u32, 20], " other servers");
    let (columns, rows) =
        grid(&rows, &columns, "disguise", |_, agent, others| handshakes(others, OF_BROWSER, agent));
    Table {
        detector: "disguise",
        hostile: false,
        title: "Programs that are what they claim",
        corner: "program",
        columns,
        rows,
    }
}
