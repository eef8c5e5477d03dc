//! HTTP/1.1 requests and responses. Reference: RFC 9110, RFC 9112.

use model::Time;

use crate::calendar::Date;
use crate::random::Random;

/// One request.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// What is asked for.
    pub target: &'a str,
    /// The name of the server.
    pub host: &'a str,
    /// The program that asks.
    pub agent: &'a str,
    /// More header lines.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body; empty for none.
    pub body: &'a [u8],
}

impl Request<'_> {
    /// Its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nHost: {}\r\n", self.method, self.target, self.host);
        if !self.agent.is_empty() {
            head.push_str(&format!("User-Agent: {}\r\n", self.agent));
        }
        for (name, value) in self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.body.is_empty() {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        [head.as_bytes(), self.body].concat()
    }
}

/// A response.
pub fn response(at: Time, status: &str, server: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\nServer: {server}\r\nDate: {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
         Connection: keep-alive\r\n\r\n",
        Date::imf(at, "GMT"),
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A web page of about a size.
pub fn page(random: &mut Random, title: &str, size_bytes: usize) -> Vec<u8> {
    let mut page = format!("<!DOCTYPE html>\n<html><head><title>{title}</title></head>\n<body>\n");
    while page.len() < size_bytes {
        page.push_str("<p>");
        page.push_str(&prose(random, 24));
        page.push_str("</p>\n");
    }
    page.push_str("</body></html>\n");
    page.into_bytes()
}

/// Words that mean nothing, in sentences.
pub fn prose(random: &mut Random, words: usize) -> String {
    const WORDS: [&str; 32] = [
        "the", "report", "of", "this", "quarter", "shows", "that", "orders", "for", "paper", "and", "ink",
        "rose", "while", "visits", "fell", "in", "every", "office", "but", "one", "please", "send", "me",
        "your", "notes", "before", "monday", "so", "we", "can", "plan",
    ];
    let mut text = String::new();
    for index in 0..words {
        let word = random.pick(&WORDS);
        if index % 9 == 0 {
            if index > 0 {
                text.push_str(". ");
            }
            text.push_str(&word[..1].to_uppercase());
            text.push_str(&word[1..]);
        } else {
            text.push(' ');
            text.push_str(word);
        }
    }
    text.push('.');
    text
}

/// Names of common programs, as they give them.
pub const AGENTS: [&str; 3] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
];
