//! `targe bundle`: time stamps are asked for and attached, sensitive pieces taken out.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use evidence::{Archive, Kind, Member, open};

use crate::arguments::{BundleCommand, RedactKind};

/// Bytes of an authority's answer that are read.
const ANSWER_BYTES_MAX: u64 = 1 << 20;
/// How long an authority may take.
const PATIENCE: Duration = Duration::from_secs(30);
const ENVELOPE: &str = "signature.dsse.json";

/// Carries out `targe bundle …`.
///
/// # Errors
/// A bundle that does not hold, a file that cannot be read or written, an authority that does not answer.
pub(crate) fn command(command: &BundleCommand) -> Result<ExitCode> {
    match command {
        BundleCommand::Stamp { bundle, request, response, authority } => {
            let (mut archive, envelope) = read(bundle)?;
            let answer = match (request, response, authority) {
                (Some(path), None, None) => {
                    write(path, &evidence::request(&envelope))?;
                    println!(
                        "{}: carry it to an authority, for instance: curl -H 'Content-Type: application/timestamp-query' --data-binary @{} URL -o answer.tsr; then: targe bundle stamp {} --response answer.tsr",
                        path.display(),
                        path.display(),
                        bundle.display()
                    );
                    return Ok(ExitCode::SUCCESS);
                }
                (None, Some(path), None) => {
                    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?
                }
                (None, None, Some(url)) => ask(url, &evidence::request(&envelope))?,
                _ => bail!("say one of --request FILE, --response FILE and --authority URL"),
            };
            let stamp = evidence::response(&answer, &envelope).context("the stamp is not attached")?;
            let number =
                archive.members.iter().filter(|member| member.name.starts_with("stamps/")).count() + 1;
            archive.members.push(Member::stored(format!("stamps/{number}.tsr"), answer));
            write(bundle, &archive.write())?;
            println!("{}: stamped at {} (serial {})", bundle.display(), stamp.time, stamp.serial);
        }
        BundleCommand::Redact { bundle, output, what } => {
            let (archive, _) = read(bundle)?;
            let opened = open(&archive.write(), None);
            let whole = opened.bundle.context("the bundle cannot be read")?;
            let signed = opened.signed.is_some_and(|signed| signed.by.is_some());
            let kinds: Vec<Kind> = what
                .iter()
                .map(|kind| match kind {
                    RedactKind::Cards => Kind::Card,
                    RedactKind::Victims => Kind::Address,
                    RedactKind::Mail => Kind::Mail,
                })
                .collect();
            let redacted = evidence::redact(&archive, &whole, signed, &kinds).map_err(anyhow::Error::msg)?;
            let bytes = redacted.write();
            let left = open(&bytes, None);
            if !left.holds() {
                bail!("the redacted copy would not hold: {:?}", left.checks);
            }
            write(output, &bytes)?;
            let count = left.bundle.map_or(0, |bundle| bundle.withheld().count());
            println!("{}: {count} leaves were taken out; the signature still holds", output.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A bundle that holds, and its envelope.
fn read(path: &Path) -> Result<(Archive, Vec<u8>)> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let opened = open(&bytes, None);
    if let Some(check) = opened.checks.iter().find(|check| !check.holds) {
        bail!("{}: {}", path.display(), check.message);
    }
    let archive = Archive::read(&bytes)?;
    let envelope = archive.get(ENVELOPE).context("the bundle has no signature member")?.to_vec();
    Ok((archive, envelope))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// Sends a request to an authority (RFC 3161 §3.4) over plain HTTP: what is sent is a hash, what comes back is signed.
fn ask(url: &str, request: &[u8]) -> Result<Vec<u8>> {
    let Some(rest) = url.strip_prefix("http://") else {
        bail!(
            "only http:// authorities are asked directly; for others write the request with --request and use curl"
        );
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let place = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
    let mut stream = TcpStream::connect(&place).with_context(|| format!("cannot reach {place}"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let head = format!(
        "POST /{path} HTTP/1.0\r\nHost: {host}\r\nContent-Type: application/timestamp-query\r\nContent-Length: {}\r\n\r\n",
        request.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(request)?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .context("the authority gave no HTTP answer")?;
    let status = String::from_utf8_lossy(answer.get(..end).unwrap_or_default())
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned();
    if status.split(' ').nth(1) != Some("200") {
        bail!("the authority answered: {status}");
    }
    Ok(answer.split_off(end + 4))
}
