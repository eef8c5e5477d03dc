//! Writes captures of the lab to files, with a truth file beside each.

mod curves;

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lab::acts::{
    Beacon, DnsTunnel, Flood, FloodKind, Guessing, Leak, Periodic, Phishing, PlcWrite, Ransomware, Scan,
    Service, Technique, TunnelRecord, Upload, Wrapping,
};
use lab::{Capture, scenario};

/// Something the lab can make.
struct Piece {
    name: &'static str,
    about: &'static str,
    make: fn(u64) -> Capture,
}

const PIECES: &[Piece] = &[
    Piece {
        name: "scenario",
        about: "the second attack within a week, five hours",
        make: scenario::second_attack,
    },
    Piece {
        name: "first",
        about: "the first attack, five days before, two hours",
        make: scenario::first_attack,
    },
    Piece {
        name: "quiet",
        about: "the same office without an attack, five hours",
        make: scenario::quiet_day,
    },
    Piece {
        name: "beacon",
        about: "a beacon in TLS among office traffic",
        make: |seed| Beacon { seed, background: true, ..Beacon::default() }.make(),
    },
    Piece {
        name: "beacon-http",
        about: "a beacon in HTTP",
        make: |seed| Beacon { seed, wrapping: Wrapping::Http, ..Beacon::default() }.make(),
    },
    Piece {
        name: "periodic",
        about: "benign services at regular intervals",
        make: |seed| Periodic { seed, ..Periodic::default() }.make(),
    },
    Piece {
        name: "tunnel",
        about: "a tunnel through DNS, NULL records",
        make: |seed| DnsTunnel { seed, ..DnsTunnel::default() }.make(),
    },
    Piece {
        name: "tunnel-txt",
        about: "a slow tunnel through DNS, TXT records, among office traffic",
        make: |seed| {
            let (interval_ms, record) = (5_000, TunnelRecord::Txt);
            DnsTunnel { seed, interval_ms, record, background: true, ..DnsTunnel::default() }.make()
        },
    },
    Piece { name: "scan", about: "a port scan", make: |seed| Scan { seed, ..Scan::default() }.make() },
    Piece {
        name: "scan-udp",
        about: "a port scan with datagrams",
        make: |seed| Scan { seed, technique: Technique::Udp, ..Scan::default() }.make(),
    },
    Piece {
        name: "sweep",
        about: "one port of a whole network",
        make: |seed| Scan { seed, addresses: 254, ports: 1, ..Scan::default() }.make(),
    },
    Piece {
        name: "ssh",
        about: "password guessing on SSH",
        make: |seed| Guessing { seed, ..Guessing::default() }.make(),
    },
    Piece {
        name: "ftp",
        about: "password guessing on FTP that succeeds",
        make: |seed| Guessing { seed, service: Service::Ftp, succeeds: true, ..Guessing::default() }.make(),
    },
    Piece {
        name: "phishing",
        about: "a mail and what it fetches",
        make: |seed| Phishing { seed, ..Phishing::default() }.make(),
    },
    Piece {
        name: "upload",
        about: "records leave in TLS",
        make: |seed| Upload { seed, ..Upload::default() }.make(),
    },
    Piece {
        name: "cards",
        about: "payment cards leave in the clear",
        make: |seed| Leak { seed, ..Leak::default() }.make(),
    },
    Piece {
        name: "ransomware",
        about: "files on a share are overwritten",
        make: |seed| Ransomware { seed, ..Ransomware::default() }.make(),
    },
    Piece {
        name: "plc",
        about: "writes to a controller of machines",
        make: |seed| PlcWrite { seed, ..PlcWrite::default() }.make(),
    },
    Piece { name: "flood-syn", about: "a SYN flood", make: |seed| Flood { seed, ..Flood::default() }.make() },
    Piece {
        name: "flood-udp",
        about: "a UDP flood",
        make: |seed| Flood { seed, kind: FloodKind::Udp, ..Flood::default() }.make(),
    },
    Piece {
        name: "flood-icmp",
        about: "an ICMP flood",
        make: |seed| Flood { seed, kind: FloodKind::Icmp, ..Flood::default() }.make(),
    },
    Piece {
        name: "flood-dns",
        about: "DNS answers that nobody asked for",
        make: |seed| {
            Flood { seed, kind: FloodKind::DnsAnswers, packets_per_second: 200, ..Flood::default() }.make()
        },
    },
];

const USAGE: &str = "usage: lab list
       lab curves                                detectors and how often they see what, as Markdown
       lab NAME FILE.pcapng|FILE.pcap [SEED]     writes the capture, and its truth to FILE.truth.json";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(wrong) => {
            eprintln!("lab: {wrong}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> Result<String, String> {
    let (name, path, seed) = match arguments {
        [word] if word == "list" => {
            let lines: Vec<String> =
                PIECES.iter().map(|piece| format!("{:12} {}", piece.name, piece.about)).collect();
            return Ok(lines.join("\n"));
        }
        [word] if word == "curves" => return Ok(curves::manual().trim_end().to_owned()),
        [.., word] if word == "--help" || word == "-h" => return Ok(USAGE.to_owned()),
        [name, path] => (name, path, scenario::SEED),
        [name, path, seed] => {
            let seed = seed.parse().map_err(|_| format!("`{seed}` is not a number to seed with"))?;
            (name, path, seed)
        }
        _ => return Err("not enough, or too much, was said".to_owned()),
    };
    let piece = PIECES.iter().find(|piece| piece.name == name);
    let piece = piece.ok_or_else(|| format!("there is no `{name}`; `lab list` shows what there is"))?;
    let made = (piece.make)(seed);
    write(&made, Path::new(path)).map_err(|error| format!("cannot write {path}: {error}"))
}

fn write(made: &Capture, path: &Path) -> std::io::Result<String> {
    let file = BufWriter::new(File::create(path)?);
    if path.extension().is_some_and(|extension| extension == "pcap") {
        made.write_pcap(file)?;
    } else {
        made.write_pcapng(file)?;
    }
    let truth: PathBuf = path.with_extension("truth.json");
    std::fs::write(&truth, made.truth.to_json())?;
    Ok(format!(
        "{}: {} packets, {} acts, truth in {}",
        path.display(),
        made.truth.packets,
        made.truth.acts.len(),
        truth.display()
    ))
}
