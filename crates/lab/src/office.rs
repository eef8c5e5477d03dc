//! An ordinary office on an ordinary day: the background that attacks hide in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use model::Time;

use crate::frame::{self, End, Host};
use crate::random::Random;
use crate::scene::Scene;
use crate::speech::dns::{Lookup, Record, Resolvers, kind, look_up};
use crate::speech::http::{AGENTS, Request, page, prose, response};
use crate::speech::smb::{FileStep, Login};
use crate::speech::smtp::Mail;
use crate::speech::tls::{BROWSER, BROWSER_TWO, Certificate, Session, UPDATER};
use crate::speech::{media, smb};
use crate::talk::{MS, Side, Talk};
use crate::truth::ActKind;

/// The machines of an office at `office.example`, 10.0.0.0/24, and the places outside that they visit.
#[derive(Debug, Clone)]
pub struct Office {
    /// The gateway.
    pub gateway: Host,
    /// Who answers questions about names.
    pub resolvers: Resolvers,
    /// The mail server.
    pub mail: Host,
    /// The file server.
    pub files: Host,
    /// The server with the records.
    pub records: Host,
    /// Looks after the servers.
    pub monitor: Host,
    /// Workstations.
    pub desks: Vec<Host>,
    /// Web sites that people visit.
    pub sites: Vec<Site>,
    /// Where updates come from.
    pub vendor: Site,
    /// Where backups go.
    pub backup: Site,
    /// A time server outside.
    pub clock: Host,
    /// Other people's mail servers.
    pub mailers: Vec<Host>,
    /// A relay for video calls.
    pub relay: Host,
}

/// A web site.
#[derive(Debug, Clone)]
pub struct Site {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub host: Host,
    /// Its second address, for clients that have one of that family.
    pub second: Option<Ipv6Addr>,
    /// Whether it speaks TLS.
    pub secure: bool,
    /// What it shows.
    pub certificate: Certificate,
}

/// How many workstations there are.
const DESKS: u8 = 14;

/// People of the office.
const PEOPLE: [&str; 14] = [
    "anna", "bela", "cleo", "dara", "emil", "fritz", "gina", "hugo", "ines", "jon", "kaja", "lars", "mia",
    "noor",
];

impl Office {
    /// The office; certificates are made for the day of `at`.
    pub fn new(random: &Random, at: Time) -> Self {
        let inside = |name: &str, last: u8, ttl: u8| Host::inside(name, Ipv4Addr::new(10, 0, 0, last), ttl);
        let outside = |name: &str, ip: [u8; 4], hops: u8| Host::outside(name, Ipv4Addr::from(ip), hops);
        let site = |name: &str, ip: [u8; 4], hops: u8, secure: bool| Site {
            name: name.to_owned(),
            host: outside(name, ip, hops),
            second: ip[3]
                .is_multiple_of(3)
                .then(|| Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(ip[3]))),
            secure,
            certificate: Certificate::issued(random, name, at),
        };
        Self {
            gateway: inside("gateway", 1, 64),
            resolvers: Resolvers {
                inner: inside("resolver", 2, 64),
                outer: outside("ns.provider.example", [192, 0, 2, 53], 4),
            },
            mail: inside("mail", 3, 64),
            files: inside("files", 4, 128),
            records: inside("records", 5, 64),
            monitor: inside("monitor", 6, 64),
            desks: (0..DESKS)
                .map(|n| {
                    let ttl = if n % 4 == 3 { 64 } else { 128 };
                    inside(&format!("desk-{}", PEOPLE[usize::from(n) % PEOPLE.len()]), 21 + n, ttl)
                })
                .collect(),
            sites: vec![
                site("www.news.example", [192, 0, 2, 10], 9, true),
                site("cdn.news.example", [192, 0, 2, 12], 9, true),
                site("www.example.com", [192, 0, 2, 21], 12, true),
                site("shop.example.net", [198, 51, 100, 20], 11, true),
                site("docs.example.org", [198, 51, 100, 33], 13, true),
                site("mail.example.org", [198, 51, 100, 36], 13, true),
                site("maps.example", [203, 0, 113, 120], 8, true),
                site("search.example", [203, 0, 113, 130], 8, true),
                site("weather.example", [192, 0, 2, 77], 14, false),
                site("forum.example.net", [198, 51, 100, 90], 15, false),
                site("trains.example", [203, 0, 113, 144], 10, false),
            ],
            vendor: site("patches.vendor.example", [192, 0, 2, 200], 7, true),
            backup: site("vault.backup.example", [198, 51, 100, 150], 6, true),
            clock: outside("time.example", [192, 0, 2, 123], 5),
            mailers: vec![
                outside("mx.partner.example", [198, 51, 100, 25], 12),
                outside("mx.supplier.example", [192, 0, 2, 25], 10),
                outside("mx.example.org", [203, 0, 113, 125], 9),
            ],
            relay: outside("meet.example", [198, 51, 100, 200], 8),
        }
    }

    /// Everybody does their work from `start` for `seconds`; `per_hour` is how often each person does something.
    pub fn work(&self, scene: &mut Scene, start: Time, seconds: u64, per_hour: u64) {
        for (index, desk) in self.desks.iter().enumerate() {
            let mut random = scene.random(&format!("desk {}", desk.ip));
            self.greet(scene, &mut random, start, desk);
            let pause = 3_600_000 / per_hour.max(1);
            let mut at = start.plus_nanos(random.below(pause) * MS);
            while at.secs() < start.secs() + seconds {
                self.act_once(scene, &mut random, at, index);
                // Two draws together: short and long pauses are rarer than middling ones.
                let gap = random.below(pause) + random.below(pause);
                at = at.plus_nanos((gap + 200) * MS);
            }
        }
    }

    /// What the machines do by themselves, at regular intervals: clocks, updates, health checks, a backup.
    pub fn routine(&self, scene: &mut Scene, start: Time, seconds: u64) {
        let mut random = scene.random("routine");
        for desk in &self.desks {
            let mut at = start.plus_nanos(random.below(1_024_000) * MS);
            scene
                .begin_act(ActKind::Periodic)
                .victim(desk)
                .fact("what", "clock")
                .fact("period_s", 1_024)
                .server(End { host: &self.clock, port: 123 }, "udp", "", "time");
            while at.secs() < start.secs() + seconds {
                media::ask_time(scene, &mut random, at, desk, &self.clock);
                at = at.plus_nanos(random.around(1_024_000, 1) * MS);
            }
            scene.end_act();
        }
        for desk in self.desks.iter().skip(3).step_by(4) {
            self.updates(scene, &mut random, desk, start, seconds);
        }
        self.health_checks(scene, &mut random, start, seconds);
        self.nightly_backup(scene, &mut random, start.plus_secs(seconds / 3));
    }

    /// Looks a site's name up and returns the time at which it is known.
    pub fn find(&self, scene: &mut Scene, random: &mut Random, at: Time, client: &Host, site: &Site) -> Time {
        let lookup = Lookup {
            name: &site.name,
            kind: kind::A,
            records: &[Record::Address(site.host.ip)],
            seconds: 300,
            ask_outside: random.chance(400),
        };
        look_up(scene, random, at, client, &self.resolvers, &lookup)
    }

    /// Who sits at a desk.
    pub fn person(&self, desk: usize) -> &'static str {
        PEOPLE[desk % PEOPLE.len()]
    }

    fn greet(&self, scene: &mut Scene, random: &mut Random, at: Time, desk: &Host) {
        let (IpAddr::V4(mine), IpAddr::V4(theirs)) = (desk.ip, self.gateway.ip) else {
            return;
        };
        let at = at.plus_nanos(random.below(400) * MS);
        scene.add(at, frame::arp(false, desk, mine, &self.gateway, theirs));
        scene.add(at.plus_nanos(MS / 5), frame::arp(true, &self.gateway, theirs, desk, mine));
    }

    fn act_once(&self, scene: &mut Scene, random: &mut Random, at: Time, index: usize) {
        let desk = &self.desks[index];
        match random.below(100) {
            0..58 => {
                let site = random.pick(&self.sites).clone();
                self.visit(scene, random, at, desk, &site);
            }
            58..70 => self.open_document(scene, random, at, index),
            70..76 => self.write_mail(scene, random, at, index),
            76..79 => {
                let relay = Record::Address(self.relay.ip);
                let lookup = Lookup {
                    name: "meet.example",
                    kind: kind::A,
                    records: &[relay],
                    seconds: 60,
                    ask_outside: true,
                };
                let found = look_up(scene, random, at, desk, &self.resolvers, &lookup);
                media::call(scene, found, desk, &self.relay, random.between(6, 20));
            }
            79..92 => {
                let site = random.pick(&self.sites).clone();
                self.find(scene, random, at, desk, &site);
            }
            _ => {
                // A name mistyped, or one that only exists in somebody's settings.
                let name = format!("{}.office.example", random.letters(b"abcdefghijklmnoprstuvw", 6));
                let lookup =
                    Lookup { name: &name, kind: kind::A, records: &[], seconds: 0, ask_outside: false };
                look_up(scene, random, at, desk, &self.resolvers, &lookup);
            }
        }
    }

    /// Somebody visits a site.
    pub fn visit(&self, scene: &mut Scene, random: &mut Random, at: Time, desk: &Host, site: &Site) -> Time {
        let found = self.find(scene, random, at, desk, site).plus_nanos(MS);
        // Who has two addresses takes the newer one now and then.
        if let Some(second) = site.second.filter(|_| random.chance(300)) {
            let records = [Record::Address(IpAddr::V6(second))];
            let name = &site.name;
            let lookup =
                Lookup { name, kind: kind::AAAA, records: &records, seconds: 300, ask_outside: false };
            let found = look_up(scene, random, at.plus_nanos(MS / 10), desk, &self.resolvers, &lookup);
            let [.., last] = match desk.ip {
                IpAddr::V4(ip) => ip.octets(),
                IpAddr::V6(_) => return found,
            };
            let mine = Ipv6Addr::new(0x2001, 0xdb8, 0x10, 0, 0, 0, 0, u16::from(last));
            let desk = Host { ip: mine.into(), ..desk.clone() };
            let host = Host { ip: second.into(), ..site.host.clone() };
            return self.load(scene, random, found.plus_nanos(MS), &desk, &Site { host, ..site.clone() });
        }
        self.load(scene, random, found, desk, site)
    }

    fn load(&self, scene: &mut Scene, random: &mut Random, at: Time, desk: &Host, site: &Site) -> Time {
        if site.secure {
            let exchanges: Vec<_> = (0..random.between(1, 3))
                .map(|n| {
                    let up = random.between(180, 900) as usize;
                    let down = (random.between(200, 2_400) + random.below(4) * random.below(1_500)) as usize;
                    (up, down, n * random.between(40, 3_000) * MS)
                })
                .collect();
            let program = if desk.ttl == 128 { &BROWSER } else { &BROWSER_TWO };
            let session =
                Session { name: &site.name, program, certificate: &site.certificate, exchanges: &exchanges };
            return session.play(scene, at, desk, &site.host);
        }
        let agent = if desk.ttl == 128 { AGENTS[0] } else { AGENTS[2] };
        let mut talk = Talk::open(scene, at, desk, &site.host, 80);
        for _ in 0..random.between(1, 3) {
            let target = format!("/{}.html", random.letters(b"abcdefghimnoprst", 7));
            let request = Request {
                method: "GET",
                target: &target,
                host: &site.name,
                agent,
                headers: &[("Accept", "text/html,*/*;q=0.8"), ("Accept-Language", "en-GB,en;q=0.7")],
                body: b"",
            };
            talk.wait(random.between(1, 2_000) * MS).client(&request.bytes());
            let size = random.between(400, 5_000) as usize;
            let body = page(random, &site.name, size);
            let answer = response(talk.now(), "200 OK", "nginx", "text/html; charset=utf-8", &body);
            talk.wait(random.between(5, 40) * MS).server(&answer);
        }
        talk.close(Side::Client)
    }

    fn open_document(&self, scene: &mut Scene, random: &mut Random, at: Time, index: usize) {
        let person = self.person(index);
        let name = format!("plans\\{}.txt", random.letters(b"abcdeilmnoprst", 8));
        let size = random.between(500, 6_000) as usize;
        let text = prose(random, size / 6).into_bytes();
        let mut steps = vec![FileStep::Read(&name, text.clone())];
        if random.chance(350) {
            steps.push(FileStep::Pause(random.between(2, 40) * 1_000 * MS));
            steps.push(FileStep::Write(&name, text));
        }
        let machine = format!("DESK-{}", person.to_uppercase());
        let login = Login {
            user: person,
            domain: "OFFICE",
            machine: &machine,
            share: "\\\\files.office.example\\team",
        };
        smb::play(scene, at, &self.desks[index], &self.files, &login, &steps);
    }

    fn write_mail(&self, scene: &mut Scene, random: &mut Random, at: Time, index: usize) {
        let person = self.person(index);
        let (from, to) = (format!("{person}@office.example"), "office@partner.example".to_owned());
        let text = prose(random, 60);
        let mail = Mail {
            greeting: "desk.office.example",
            server_name: "mail.office.example",
            from: &from,
            to: &to,
            shown_from: &from,
            subject: "Notes",
            text: &text,
            attachment: None,
        };
        if random.chance(500) {
            mail.play(scene, at, &self.desks[index], &self.mail);
            let relayed = Mail { greeting: "mail.office.example", server_name: "mx.partner.example", ..mail };
            let mailer = random.pick(&self.mailers).clone();
            relayed.play(scene, at.plus_secs(2), &self.mail, &mailer);
        } else {
            let mailer = random.pick(&self.mailers).clone();
            let came = Mail {
                greeting: &mailer.name,
                from: &to,
                to: &from,
                shown_from: "Partner Office <office@partner.example>",
                ..mail
            };
            came.play(scene, at, &mailer, &self.mail);
        }
    }

    fn updates(&self, scene: &mut Scene, random: &mut Random, desk: &Host, start: Time, seconds: u64) {
        scene.begin_act(ActKind::Periodic).victim(desk).fact("what", "updates").fact("period_s", 900).server(
            End { host: &self.vendor.host, port: 443 },
            "tcp",
            &self.vendor.name,
            "updates",
        );
        let mut at = start.plus_nanos(random.below(900_000) * MS);
        while at.secs() < start.secs() + seconds {
            let found = self.find(scene, random, at, desk, &self.vendor);
            let session = Session {
                name: &self.vendor.name,
                program: &UPDATER,
                certificate: &self.vendor.certificate,
                exchanges: &[(430, 610, 0)],
            };
            session.play(scene, found, desk, &self.vendor.host);
            at = at.plus_nanos(random.around(900_000, 2) * MS);
        }
        scene.end_act();
    }

    fn health_checks(&self, scene: &mut Scene, random: &mut Random, start: Time, seconds: u64) {
        scene
            .begin_act(ActKind::Periodic)
            .victim(&self.monitor)
            .fact("what", "health check")
            .fact("period_s", 300)
            .server(End { host: &self.records, port: 8080 }, "tcp", "", "monitored");
        let mut at = start.plus_secs(random.below(300));
        while at.secs() < start.secs() + seconds {
            let mut talk = Talk::open(scene, at, &self.monitor, &self.records, 8080);
            let request = Request {
                method: "GET",
                target: "/health",
                host: "records.office.example:8080",
                agent: "monitor/2.1",
                headers: &[("Accept", "application/json")],
                body: b"",
            };
            talk.client(&request.bytes());
            let answer = response(talk.now(), "200 OK", "records", "application/json", b"{\"ok\":true}");
            talk.wait(3 * MS).server(&answer);
            talk.close(Side::Client);
            at = at.plus_secs(300);
        }
        scene.end_act();
    }

    fn nightly_backup(&self, scene: &mut Scene, random: &mut Random, at: Time) {
        scene
            .begin_act(ActKind::Bulk)
            .victim(&self.files)
            .fact("what", "backup")
            .fact("bytes", 260_000)
            .server(End { host: &self.backup.host, port: 443 }, "tcp", &self.backup.name, "backup");
        let found = self.find(scene, random, at, &self.files, &self.backup);
        let session = Session {
            name: &self.backup.name,
            program: &UPDATER,
            certificate: &self.backup.certificate,
            exchanges: &[(800, 300, 0), (260_000, 200, 50 * MS)],
        };
        session.play(scene, found, &self.files, &self.backup.host);
        scene.end_act();
    }
}
