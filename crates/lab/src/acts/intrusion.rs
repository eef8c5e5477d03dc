//! How somebody gets in, and how things get out: the phishing mail, the download it leads to, the upload at the end.

use std::net::Ipv4Addr;

use model::Time;

use super::{Wrapping, alone};
use crate::START;
use crate::frame::{End, Host};
use crate::office::{Office, Site};
use crate::random::Random;
use crate::scene::{Capture, Scene};
use crate::speech::dns::{Lookup, Record, kind, look_up};
use crate::speech::http::{AGENTS, Request, response};
use crate::speech::smtp::Mail;
use crate::speech::tls::{Certificate, IMPLANT, Session};
use crate::talk::{MS, Side, Talk};
use crate::truth::ActKind;

/// A mail from a domain that looks like the office's own, with a program for an attachment, and what opening it fetches.
#[derive(Debug, Clone)]
pub struct Phishing {
    /// Seed of the capture.
    pub seed: u64,
    /// Whether it is opened: a program is then fetched from the controller.
    pub opened: bool,
    /// The name the program is fetched from.
    pub name: &'static str,
    /// Its address.
    pub address: Ipv4Addr,
    /// Whether the office works around it.
    pub background: bool,
}

impl Default for Phishing {
    fn default() -> Self {
        Self {
            seed: 1,
            opened: true,
            name: "updates.example",
            address: Ipv4Addr::new(203, 0, 113, 9),
            background: false,
        }
    }
}

impl Phishing {
    /// A capture with this mail in it.
    pub fn make(&self) -> Capture {
        alone("phishing", self.seed, 1_800, self.background, |scene, office| {
            self.play(scene, office, START, 0);
        })
    }

    /// Plays it into a scene, at somebody's desk; returns when it was over.
    pub fn play(&self, scene: &mut Scene, office: &Office, start: Time, desk: usize) -> Time {
        let mut random = scene.random("phishing");
        let victim = &office.desks[desk];
        let to = format!("{}@office.example", office.person(desk));
        let sender = Host::outside("mail.0ffice.example", Ipv4Addr::new(198, 51, 100, 66), 19);
        scene
            .begin_act(ActKind::Phishing)
            .attacker(&sender)
            .victim(victim)
            .server(End { host: &office.mail, port: 25 }, "tcp", "mail.office.example", "delivery")
            .fact("from", "it-support@0ffice.example")
            .fact("to", &to)
            .fact("looks_like", "office.example")
            .fact("attachment", "invoice-0417.pdf.exe");
        let program = program(&mut random, 14_000);
        let mail = Mail {
            greeting: "mail.0ffice.example",
            server_name: "mail.office.example",
            from: "it-support@0ffice.example",
            to: &to,
            shown_from: "IT Support <it-support@0ffice.example>",
            subject: "Action required: unpaid invoice 0417",
            text: "Dear colleague,\n\nthe attached invoice is overdue. Please open it today and confirm the amount.\n\n\
                   IT Support\nhttp://updates.example/portal/login",
            attachment: Some(("invoice-0417.pdf.exe", "application/octet-stream", &program)),
        };
        let mut over = mail.play(scene, start, &sender, &office.mail);
        scene.end_act();
        if self.opened {
            over = self.fetch(scene, office, &mut random, over.plus_secs(1_200), victim);
        }
        over
    }

    fn fetch(
        &self,
        scene: &mut Scene,
        office: &Office,
        random: &mut Random,
        at: Time,
        victim: &Host,
    ) -> Time {
        let server = Host::outside(self.name, self.address, 16);
        let size = 60_000;
        scene
            .begin_act(ActKind::Download)
            .attacker(&server)
            .victim(victim)
            .server(End { host: &server, port: 80 }, "tcp", self.name, "staging")
            .fact("bytes", size);
        let records = [Record::Address(server.ip)];
        let lookup =
            Lookup { name: self.name, kind: kind::A, records: &records, seconds: 60, ask_outside: true };
        let found = look_up(scene, random, at, victim, &office.resolvers, &lookup);
        let mut talk = Talk::open(scene, found, victim, &server, 80);
        let request = Request {
            method: "GET",
            target: "/agent/setup.dat",
            host: self.name,
            agent: AGENTS[0],
            headers: &[("Accept", "*/*")],
            body: b"",
        };
        talk.client(&request.bytes());
        let body = program(random, size);
        let answer = response(talk.now(), "200 OK", "nginx", "application/octet-stream", &body);
        talk.wait(30 * MS).server(&answer);
        let over = talk.close(Side::Client);
        scene.end_act();
        over
    }
}

/// The head of a Windows program, then noise: recognised as one, and good for nothing.
fn program(random: &mut Random, size: usize) -> Vec<u8> {
    let mut out = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0\xb8\0\0\0\0\0\0\0\x40".to_vec();
    out.resize(60, 0);
    out.extend_from_slice(&128_u32.to_le_bytes());
    out.extend_from_slice(b"\x0e\x1f\xba\x0e\0\xb4\x09\xcd\x21\xb8\x01\x4c\xcd\x21This program cannot be run in DOS mode.\r\r\n$");
    out.resize(128, 0);
    out.extend_from_slice(b"PE\0\0\x64\x86\x03\0");
    out.extend_from_slice(&random.bytes(size.saturating_sub(out.len())));
    out
}

/// Records leave the office.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Seed of the capture.
    pub seed: u64,
    /// How much leaves.
    pub bytes: usize,
    /// What it is wrapped in.
    pub wrapping: Wrapping,
    /// The receiving server's name.
    pub name: &'static str,
    /// Its address.
    pub address: Ipv4Addr,
    /// Whether the office works around it.
    pub background: bool,
}

impl Default for Upload {
    fn default() -> Self {
        Self {
            seed: 1,
            bytes: 900_000,
            wrapping: Wrapping::Tls,
            name: "files-share.example",
            address: Ipv4Addr::new(203, 0, 113, 77),
            background: false,
        }
    }
}

impl Upload {
    /// A capture with this upload in it.
    pub fn make(&self) -> Capture {
        alone("upload", self.seed, 600, self.background, |scene, office| {
            self.play(scene, office, START, &office.desks[0]);
        })
    }

    /// Plays it into a scene; returns when it was over.
    pub fn play(&self, scene: &mut Scene, office: &Office, start: Time, from: &Host) -> Time {
        let mut random = scene.random(&format!("upload {} {}", self.name, from.ip));
        let server = Host::outside(self.name, self.address, 14);
        let port = if self.wrapping == Wrapping::Tls { 443 } else { 80 };
        scene
            .begin_act(ActKind::Upload)
            .attacker(&server)
            .victim(from)
            .server(End { host: &server, port }, "tcp", self.name, "receiver")
            .fact("bytes", self.bytes);
        let certificate = Certificate::self_signed(&random, self.name, start);
        let site = Site { name: self.name.to_owned(), host: server, second: None, secure: true, certificate };
        let found = office.find(scene, &mut random, start, from, &site);
        let over = match self.wrapping {
            Wrapping::Tls => Session {
                name: self.name,
                program: &IMPLANT,
                certificate: &site.certificate,
                exchanges: &[(420, 180, 0), (self.bytes, 120, 40 * MS)],
            }
            .play(scene, found, from, &site.host),
            Wrapping::Http => {
                post(scene, found, (from, &site.host), self.name, "/in", &random.bytes(self.bytes))
            }
        };
        scene.end_act();
        over
    }
}

fn post(scene: &mut Scene, at: Time, ends: (&Host, &Host), name: &str, target: &str, body: &[u8]) -> Time {
    let request = Request {
        method: "POST",
        target,
        host: name,
        agent: "python-requests/2.32.3",
        headers: &[("Accept", "*/*"), ("Content-Type", "application/octet-stream")],
        body,
    };
    let mut talk = Talk::open(scene, at, ends.0, ends.1, 80);
    talk.client(&request.bytes());
    let answer = response(talk.now(), "200 OK", "nginx", "text/plain", b"ok");
    talk.wait(20 * MS).server(&answer);
    talk.close(Side::Client)
}

/// Payment cards leave the office in the clear. The numbers pass the check digit and belong to nobody.
#[derive(Debug, Clone)]
pub struct Leak {
    /// Seed of the capture.
    pub seed: u64,
    /// How many cards.
    pub cards: usize,
    /// How many other numbers of the same length that fail the check digit.
    pub decoys: usize,
}

impl Default for Leak {
    fn default() -> Self {
        Self { seed: 1, cards: 120, decoys: 60 }
    }
}

impl Leak {
    /// A capture with this leak in it.
    pub fn make(&self) -> Capture {
        alone("card_leak", self.seed, 60, false, |scene, office| {
            self.play(scene, office, START);
        })
    }

    /// Plays it into a scene, from the records server; returns when it was over.
    pub fn play(&self, scene: &mut Scene, office: &Office, start: Time) -> Time {
        let mut random = scene.random("leak");
        let server = Host::outside("paste.example", Ipv4Addr::new(203, 0, 113, 88), 13);
        scene
            .begin_act(ActKind::CardLeak)
            .attacker(&server)
            .victim(&office.records)
            .server(End { host: &server, port: 80 }, "tcp", "paste.example", "receiver")
            .fact("cards", self.cards)
            .fact("decoys", self.decoys);
        let mut list = String::from("name,number,until\n");
        for index in 0..self.cards + self.decoys {
            let mut digits: Vec<u8> = b"400000".to_vec();
            digits.extend(random.letters(b"0123456789", 9).bytes());
            let check = check_digit(&digits);
            let wrong = u8::from(index >= self.cards);
            digits.push(b'0' + (check + wrong * 3) % 10);
            let number = String::from_utf8_lossy(&digits).into_owned();
            list.push_str(&format!(
                "{},{number},{:02}/29\n",
                random.letters(b"abcdeilmnorst", 7),
                1 + index % 12
            ));
        }
        let over = post(scene, start, (&office.records, &server), "paste.example", "/new", list.as_bytes());
        scene.end_act();
        over
    }
}

/// The digit that makes a number pass the check of ISO/IEC 7812-1 annex B (Luhn).
fn check_digit(digits: &[u8]) -> u8 {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| {
            let value = u32::from(digit - b'0') * if index % 2 == 0 { 2 } else { 1 };
            value / 10 + value % 10
        })
        .sum();
    ((10 - sum % 10) % 10) as u8
}
