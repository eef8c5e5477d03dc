//! Bundles from end to end, with the program itself: made, verified on nothing but the bundle, touched, redacted, looked at with
//! other people's tools.

mod lists;
mod statements;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A folder for one test, removed afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("targe-test-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("the temporary folder takes folders");
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_string_lossy().into_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn targe(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_targe")).args(arguments).output().expect("the program starts")
}

fn succeeds(arguments: &[&str]) -> String {
    let output = targe(arguments);
    assert!(
        output.status.success(),
        "targe {}: {}{}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The verdict on a bundle as JSON, and the exit code.
fn verify(bundle: &str, more: &[&str]) -> (Value, i32) {
    let output = targe(&[&["verify", bundle, "--json"], more].concat());
    let value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    (value, output.status.code().expect("it ends by itself"))
}

fn assert_all_confirmed(bundle: &str, more: &[&str]) {
    let (said, code) = verify(bundle, more);
    let odd: Vec<&Value> = said["claims"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|claim| {
            claim["status"] != "confirmed" || claim["reason"].as_str().unwrap_or("").contains("not checkable")
        })
        .collect();
    assert!(odd.is_empty(), "{bundle}: {odd:#?}");
    let checks: Vec<&Value> =
        said["checks"].as_array().into_iter().flatten().filter(|check| check["holds"] != true).collect();
    assert!(checks.is_empty() && code == 0, "{bundle}: {checks:#?}, exit {code}");
    assert!(said["confirmed"].as_u64() > Some(0), "{bundle} makes claims");
}

fn write_scenario(path: &str) -> u64 {
    let made = lab::scenario::second_attack(lab::scenario::SEED);
    let file = std::io::BufWriter::new(std::fs::File::create(path).expect("the folder takes files"));
    made.write_pcapng(file).expect("the disk has room");
    std::fs::metadata(path).expect("it was written").len()
}

/// What a shell would make of a command that `verify` prints.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in command.chars() {
        match letter {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            _ => words.last_mut().expect("there is always one").push(letter),
        }
    }
    words
}

fn has(tool: &str) -> bool {
    let there = Command::new(tool).arg("--version").output().is_ok();
    if !there {
        println!("skipped: {tool} is not installed");
    }
    there
}

#[test]
fn the_scenario_is_bundled_signed_and_confirmed_from_the_bundle_alone() {
    let folder = Folder::new("scenario");
    let (capture, bundle, key) = (folder.path("s.pcapng"), folder.path("case.targe"), folder.path("key"));
    let size = write_scenario(&capture);
    succeeds(&["key", "new", &key]);
    let out = folder.path("out");
    succeeds(&[
        "investigate",
        &capture,
        "-o",
        &out,
        "--bundle",
        &bundle,
        "--key",
        &key,
        "--workers",
        "1",
        "-q",
    ]);
    let bytes = std::fs::read(&bundle).expect("the bundle was written");
    let limit = size / 20 + 200_000;
    println!("capture {size} bytes, bundle {} bytes, limit {limit}", bytes.len());
    assert!((bytes.len() as u64) < limit, "a bundle of {} bytes, at most {limit} wanted", bytes.len());
    for workers in ["2", "3", "8"] {
        let other = folder.path("other.targe");
        succeeds(&[
            "investigate",
            &capture,
            "-o",
            &out,
            "--bundle",
            &other,
            "--key",
            &key,
            "--workers",
            workers,
            "-q",
        ]);
        assert!(
            std::fs::read(&other).expect("it was written") == bytes,
            "the bundle differs with {workers} workers"
        );
    }
    let public = format!("{key}.pub");
    // Nothing but the bundle is left of the case.
    std::fs::rename(&capture, folder.path("away")).expect("it can be moved");
    std::fs::remove_dir_all(&out).expect("it can be removed");
    assert_all_confirmed(&bundle, &["--key", &public]);
    assert_all_confirmed(&bundle, &["--key", &public, "--original", &folder.path("away")]);
    frames_are_shown(&folder, &bundle);
    signature_holds_for_openssl(&folder, &bundle, &public);
    touched_bundles_do_not_hold(&folder, &bytes, &public);
    redacted_copies_hold(&folder, &bundle, &public);
    statements_are_held_against_it(&bundle);
}

/// Every command that `verify` prints shows as many packets as it names.
fn frames_are_shown(folder: &Folder, bundle: &str) {
    if !has("tshark") {
        return;
    }
    let opened = evidence::open(&std::fs::read(bundle).expect("it is there"), None);
    let packets = evidence::write_slice(&opened.bundle.expect("it opens").packets);
    std::fs::write(folder.path("packets.pcapng"), packets).expect("the folder takes files");
    let (said, _) = verify(bundle, &[]);
    let mut run = std::collections::BTreeSet::new();
    for command in
        said["claims"].as_array().into_iter().flatten().filter_map(|claim| claim["tshark"].as_str())
    {
        if command.is_empty() || !run.insert(command) {
            continue;
        }
        let words = words(command);
        let output = Command::new(&words[0])
            .args(&words[1..])
            .args(["-n", "-T", "fields", "-e", "frame.packet_id"])
            .current_dir(&folder.0)
            .output()
            .expect("tshark starts");
        let shown = String::from_utf8_lossy(&output.stdout).lines().count();
        let named = command.matches(", ").count() + 1;
        assert_eq!(shown, named, "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(!run.is_empty(), "claims have commands");
}

/// The signature, checked without Targe: the message that DSSE signs is put together by hand.
fn signature_holds_for_openssl(folder: &Folder, bundle: &str, public: &str) {
    if !has("openssl") {
        return;
    }
    let archive = evidence::Archive::read(&std::fs::read(bundle).expect("it is there")).expect("it opens");
    let envelope: Value =
        serde_json::from_slice(archive.get("signature.dsse.json").expect("it is signed")).expect("JSON");
    let decode = |value: &Value| {
        let path = folder.path("base64");
        std::fs::write(&path, value.as_str().expect("base64")).expect("the folder takes files");
        let output = Command::new("openssl")
            .args(["base64", "-d", "-A", "-in", &path])
            .output()
            .expect("openssl starts");
        output.stdout
    };
    let (payload, signature) = (decode(&envelope["payload"]), decode(&envelope["signatures"][0]["sig"]));
    let kind = envelope["payloadType"].as_str().expect("a type");
    let mut message = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    message.extend_from_slice(&payload);
    std::fs::write(folder.path("message"), message).expect("the folder takes files");
    std::fs::write(folder.path("sig"), signature).expect("the folder takes files");
    let output = Command::new("openssl")
        .args(["pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin"])
        .args(["-in", &folder.path("message"), "-sigfile", &folder.path("sig")])
        .output()
        .expect("openssl starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Forged values, foreign keys, and two hundred random mutations by a fixed sequence.
fn touched_bundles_do_not_hold(folder: &Folder, bytes: &[u8], public: &str) {
    let touched = folder.path("touched.targe");
    let archive = evidence::Archive::read(bytes).expect("it opens");
    // Somebody edits a claim and signs everything again with a key of their own.
    let opened = evidence::open(bytes, None).bundle.expect("it opens");
    let forger = evidence::SigningKey::from_seed(&[9; 32]);
    let mut forged = opened.clone();
    let (id, line) = &mut forged.claims[0];
    let text = String::from_utf8(line.clone()).expect("JSON").replacen("\"value\":", "\"value\":1", 1);
    *line = text.into_bytes();
    let id = id.clone();
    std::fs::write(&touched, forged.seal(Some(&forger)).write()).expect("the folder takes files");
    let (said, code) = verify(&touched, &[]);
    assert_eq!(code, 3, "a forged value is refuted by the packets, whoever signed");
    let claim = said["claims"]
        .as_array()
        .and_then(|claims| claims.iter().find(|claim| claim["id"] == *id))
        .expect("the claim");
    assert_eq!(claim["status"], "refuted");
    assert!(
        claim["reason"].as_str().is_some_and(|reason| reason.contains("values/0/value: claimed")),
        "{claim}"
    );
    let (said, _) = verify(&touched, &["--key", public]);
    assert!(
        said["checks"][1]["message"].as_str().is_some_and(|message| message.contains("a foreign key")),
        "{said}"
    );
    // A packet that the claims need is gone, and everything signed again.
    let mut forged = opened;
    forged.packets.retain(|packet| packet.evidence_of.is_empty());
    std::fs::write(&touched, forged.seal(Some(&forger)).write()).expect("the folder takes files");
    let (said, code) = verify(&touched, &[]);
    assert!(code == 3 && said["refuted"].as_u64() > Some(0), "{said}");
    assert!(archive.get("claims.json").is_some());
    let key =
        evidence::PublicKey::from_pem(&std::fs::read_to_string(public).expect("it was made")).expect("a key");
    let mut state = 1_u64;
    let mut draw = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for number in 0..200 {
        let mut mutated = bytes.to_vec();
        let at = draw(mutated.len());
        match number % 5 {
            0 | 1 => mutated[at] ^= 1 << draw(8),
            2 => drop(mutated.remove(at)),
            3 => mutated.insert(at, draw(256) as u8),
            _ => mutated.truncate(at),
        }
        let failed: Vec<_> =
            evidence::open(&mutated, Some(&key)).checks.into_iter().filter(|check| !check.holds).collect();
        assert!(!failed.is_empty(), "mutation {number} at byte {at} went unnoticed");
        // Each message names the part that was touched: a member, a packet, a claim, or the place where the file breaks off.
        let places = [
            "member `",
            "packet ",
            "claim ",
            "truncated",
            "behind the end",
            "directory",
            "end record",
            "header",
        ];
        let names = |check: &evidence::Check| places.iter().any(|place| check.message.contains(place));
        assert!(failed.iter().any(names), "mutation {number} at byte {at}: {failed:?}");
    }
}

fn redacted_copies_hold(folder: &Folder, bundle: &str, public: &str) {
    let copy = folder.path("public.targe");
    succeeds(&["bundle", "redact", bundle, "-o", &copy, "--what", "victims,cards,mail"]);
    let (said, code) = verify(&copy, &["--key", public]);
    assert_eq!((code, said["refuted"].as_u64()), (0, Some(0)), "{said}");
    assert!(said["not_checkable"].as_u64() > Some(0), "what was taken out cannot be checked");
}

fn statements_are_held_against_it(bundle: &str) {
    let check = |statement: &str| targe(&["claim", "check", statement, "--bundle", bundle]).status.code();
    assert_eq!(check("An attack of kind scan on 203.0.113.45 was stopped at 2025-03-04T12:00:00Z"), Some(0));
    assert_eq!(check("An attack of kind scan on 203.0.113.45 was stopped at 2025-03-04T08:21:00Z"), Some(3));
    assert_eq!(check("server 198.18.0.77 controlled host 10.0.0.21"), Some(3), "they never spoke");
    assert_eq!(check("the shield held"), Some(2));
}

#[test]
fn an_unsigned_bundle_says_so_and_standard_input_will_do() {
    let folder = Folder::new("unsigned");
    let bundle = folder.path("case.targe");
    let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/real/office.pcap");
    let file = std::fs::File::open(capture).expect("the capture is in the repository");
    let status = Command::new(env!("CARGO_BIN_EXE_targe"))
        .args(["investigate", "-", "-q", "-o", &folder.path("out"), "--bundle", &bundle])
        .stdin(file)
        .status()
        .expect("the program starts");
    assert!(status.success());
    let output = succeeds(&["verify", &bundle]);
    assert!(output.contains("not signed: nobody vouches for it"), "{output}");
    assert!(
        std::fs::read_dir(folder.path("out"))
            .expect("a folder")
            .all(|entry| { entry.expect("readable").file_name() != ".targe-spool" })
    );
}

#[test]
fn keys_are_kept_from_others_and_never_replaced() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("keys");
    let key = folder.path("key");
    let said = succeeds(&["key", "new", &key]);
    let id = said.lines().next().expect("a name").to_owned();
    assert!(id.starts_with("SHA256:"));
    assert_eq!(std::fs::metadata(&key).expect("it was made").permissions().mode() & 0o777, 0o600);
    assert_eq!(targe(&["key", "new", &key]).status.code(), Some(2), "an existing key is not replaced");
    assert!(succeeds(&["key", "show", &format!("{key}.pub")]).starts_with(&id));
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("it is ours");
    let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/real/office.pcap");
    let output = targe(&[
        "investigate",
        &capture.to_string_lossy(),
        "-q",
        "-o",
        &folder.path("out"),
        "--bundle",
        &folder.path("b"),
        "--key",
        &key,
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("chmod 600"));
}

/// An authority of our own, with openssl: once by hand, once over HTTP on the loopback.
#[test]
fn a_time_stamp_is_attached_by_hand_and_over_http_and_openssl_believes_it() {
    if !has("openssl") {
        return;
    }
    let folder = Folder::new("stamp");
    let openssl = |arguments: &[&str]| {
        let output =
            Command::new("openssl").args(arguments).current_dir(&folder.0).output().expect("openssl starts");
        assert!(
            output.status.success(),
            "openssl {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    openssl(&[
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "tsa.key",
        "-out",
        "tsa.pem",
        "-days",
        "2",
        "-subj",
        "/CN=tsa",
        "-addext",
        "extendedKeyUsage=critical,timeStamping",
    ]);
    let section = "[t]\nserial = serial\ndefault_policy = 1.2.3.4.1\ndigests = sha256\nsigner_digest = sha256\n\
                   ess_cert_id_alg = sha256\n";
    std::fs::write(folder.path("tsa.cnf"), section).expect("the folder takes files");
    let reply = |query: &str, answer: &str| {
        openssl(&[
            "ts",
            "-reply",
            "-config",
            "tsa.cnf",
            "-section",
            "t",
            "-queryfile",
            query,
            "-signer",
            "tsa.pem",
            "-inkey",
            "tsa.key",
            "-out",
            answer,
        ]);
    };
    let (bundle, key) = (folder.path("case.targe"), folder.path("key"));
    succeeds(&["key", "new", &key]);
    let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/real/office.pcap");
    let capture = capture.to_string_lossy();
    succeeds(&["investigate", &capture, "-q", "-o", &folder.path("out"), "--bundle", &bundle, "--key", &key]);
    succeeds(&["bundle", "stamp", &bundle, "--request", &folder.path("ask.tsq")]);
    reply("ask.tsq", "answer.tsr");
    succeeds(&["bundle", "stamp", &bundle, "--response", &folder.path("answer.tsr")]);
    // The same over HTTP: one request, one answer.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("the loopback has ports");
    let url = format!("http://{}/tsa", listener.local_addr().expect("it is bound"));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (mut stream, _) = listener.accept().expect("somebody asks");
            std::fs::write(folder.path("http.tsq"), read_request(&mut stream))
                .expect("the folder takes files");
            reply("http.tsq", "http.tsr");
            let body = std::fs::read(folder.path("http.tsr")).expect("it was made");
            let head = format!("HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            std::io::Write::write_all(&mut stream, &[head.as_bytes(), &body].concat()).expect("it is read");
        });
        succeeds(&["bundle", "stamp", &bundle, "--authority", &url]);
    });
    let (said, code) = verify(&bundle, &[]);
    let stamps =
        said["checks"].as_array().into_iter().flatten().filter(|check| check["name"] == "stamp").count();
    assert_eq!((code, stamps), (0, 2), "{said}");
    let archive = evidence::Archive::read(&std::fs::read(&bundle).expect("it is there")).expect("it opens");
    for name in ["signature.dsse.json", "stamps/1.tsr"] {
        let place = folder.path(name.rsplit('/').next().expect("a name"));
        std::fs::write(place, archive.get(name).expect("it is there")).expect("the folder takes files");
    }
    openssl(&["ts", "-verify", "-data", "signature.dsse.json", "-in", "1.tsr", "-CAfile", "tsa.pem"]);
    // A stamp of something else is refused, and named when it is put in by force.
    std::fs::write(folder.path("other"), b"something else").expect("the folder takes files");
    openssl(&["ts", "-query", "-data", "other", "-sha256", "-cert", "-out", "other.tsq"]);
    reply("other.tsq", "other.tsr");
    assert_eq!(
        targe(&["bundle", "stamp", &bundle, "--response", &folder.path("other.tsr")]).status.code(),
        Some(2)
    );
    let mut forged = archive;
    let other = std::fs::read(folder.path("other.tsr")).expect("it was made");
    forged.members.push(evidence::Member::stored("stamps/3.tsr", other));
    std::fs::write(&bundle, forged.write()).expect("the folder takes files");
    let (said, code) = verify(&bundle, &[]);
    assert_eq!(code, 3);
    assert!(said["checks"].to_string().contains("stamps/3.tsr: the stamp is for something else"), "{said}");
}

/// The body of one HTTP request.
fn read_request(stream: &mut std::net::TcpStream) -> Vec<u8> {
    use std::io::Read;
    let (mut bytes, mut piece) = (Vec::new(), [0; 4_096]);
    loop {
        let read = stream.read(&mut piece).expect("it is sent");
        bytes.extend_from_slice(&piece[..read]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
        if bytes.len() >= end + 4 + length.expect("its length is stated") {
            return bytes.split_off(end + 4);
        }
    }
}

/// Captures of attacks beside the project, when they are there: what they raise is confirmed from the bundle alone.
#[test]
fn bundles_of_real_captures_are_confirmed() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/captures");
    if !corpus.is_dir() {
        println!("skipped: {} is not there", corpus.display());
        return;
    }
    let folder = Folder::new("corpus");
    let mut confirmed = 0;
    for capture in small_captures(&corpus) {
        let (bundle, out) = (folder.path("case.targe"), folder.path("out"));
        succeeds(&["investigate", &capture.to_string_lossy(), "-q", "-o", &out, "--bundle", &bundle]);
        let (said, code) = verify(&bundle, &[]);
        assert_eq!(code, 0, "{}: {said:#}", capture.display());
        if said["confirmed"].as_u64() > Some(0) && said["not_checkable"] == 0 {
            confirmed += 1;
        }
        if confirmed >= CONFIRMED_MIN {
            return;
        }
    }
    panic!("{confirmed} captures have all their claims confirmed; {CONFIRMED_MIN} are wanted");
}

const CONFIRMED_MIN: usize = 20;
/// Captures up to this size are taken.
const CAPTURE_BYTES_MAX: u64 = 20_000_000;

/// Captures of attacks, a round through the classes at a time, so that no class is all there is.
fn small_captures(corpus: &Path) -> Vec<PathBuf> {
    let list = |folder: &Path| {
        let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        paths.sort();
        paths
    };
    let small = |path: &PathBuf| std::fs::metadata(path).is_ok_and(|facts| facts.len() <= CAPTURE_BYTES_MAX);
    let mut taken: Vec<(usize, PathBuf)> = Vec::new();
    for class in
        list(corpus).iter().filter(|class| !class.ends_with("benign") && !class.ends_with("ics_benign"))
    {
        taken.extend(list(class).into_iter().filter(small).enumerate());
    }
    taken.sort();
    taken.into_iter().map(|(_, path)| path).collect()
}
