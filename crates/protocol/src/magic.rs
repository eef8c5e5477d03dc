//! Kinds of files by their first bytes, in the words of file(1).

use std::io::Write;

/// A kind told by fixed bytes: where they stand, what they are, what it is called.
type Fixed = (usize, &'static [u8], &'static str);

const FIXED: &[Fixed] = &[
    (0, b"\x7fELF", "ELF"),
    (0, b"\xff\xd8\xff", "JPEG image data"),
    (0, b"II*\0", "TIFF image data, little-endian"),
    (0, b"MM\0*", "TIFF image data, big-endian"),
    (0, b"BM", "PC bitmap"),
    (0, b"\0\0\x01\0", "MS Windows icon resource"),
    (0, b"8BPS", "Adobe Photoshop Image"),
    (0, b"\x1f\x8b", "gzip compressed data"),
    (0, b"BZh", "bzip2 compressed data"),
    (0, b"\xfd7zXZ\0", "XZ compressed data"),
    (0, b"\x28\xb5\x2f\xfd", "Zstandard compressed data (v0.8+)"),
    (0, b"\x04\x22\x4d\x18", "LZ4 compressed data (v1.4+)"),
    (0, b"\x1f\x9d", "compress'd data"),
    (0, b"7z\xbc\xaf\x27\x1c", "7-zip archive data"),
    (0, b"Rar!\x1a\x07\0", "RAR archive data"),
    (0, b"Rar!\x1a\x07\x01\0", "RAR archive data, v5"),
    (0, b"MSCF\0\0\0\0", "Microsoft Cabinet archive data"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Composite Document File V2 Document"),
    (0, b"ITSF", "MS Windows HtmlHelp Data"),
    (0, b"L\0\0\0\x01\x14\x02\0", "MS Windows shortcut"),
    (0, b"{\\rtf", "Rich Text Format data, version 1"),
    (0, b"%!PS", "PostScript document text"),
    (0, b"FWS", "Macromedia Flash data"),
    (0, b"CWS", "Macromedia Flash data (compressed)"),
    (0, b"ZWS", "Macromedia Flash data (lzma compressed)"),
    (0, b"FLV\x01", "Macromedia Flash Video"),
    (0, b"OggS", "Ogg data"),
    (0, b"fLaC", "FLAC audio bitstream data"),
    (0, b"ID3", "Audio file with ID3"),
    (0, b"\x1a\x45\xdf\xa3", "Matroska data"),
    (0, b"MThd", "Standard MIDI data"),
    (0, b"\xfe\xed\xfa\xce", "Mach-O executable"),
    (0, b"\xce\xfa\xed\xfe", "Mach-O executable"),
    (0, b"\xfe\xed\xfa\xcf", "Mach-O 64-bit executable"),
    (0, b"\xcf\xfa\xed\xfe", "Mach-O 64-bit executable"),
    (0, b"dex\n", "Dalvik dex file"),
    (0, b"\0asm", "WebAssembly (wasm) binary module"),
    (0, b"!<arch>\ndebian", "Debian binary package (format 2.0)"),
    (0, b"!<arch>\n", "current ar archive"),
    (0, b"\xed\xab\xee\xdb", "RPM v3.0"),
    (0, b"SQLite format 3\0", "SQLite 3.x database"),
    (0, b"\xd4\xc3\xb2\xa1", "pcap capture file, microsecond ts (little-endian)"),
    (0, b"\xa1\xb2\xc3\xd4", "pcap capture file, microsecond ts (big-endian)"),
    (0, b"\x0a\x0d\x0d\x0a", "pcapng capture file"),
    (0, b"regf", "MS Windows registry file, NT/2000 or above"),
    (0, b"ElfFile\0", "MS Windows Vista Event Log"),
    (0, b"MDMP", "Mini DuMP crash report"),
    (0, b"wOFF", "Web Open Font Format"),
    (0, b"wOF2", "Web Open Font Format (Version 2)"),
    (0, b"\0\x01\0\0\0", "TrueType Font data"),
    (0, b"OTTO", "OpenType font data"),
    (0, b"-----BEGIN CERTIFICATE-----", "PEM certificate"),
    (0, b"-----BEGIN RSA PRIVATE KEY", "PEM RSA private key"),
    (0, b"-----BEGIN OPENSSH PRIVATE KEY", "OpenSSH private key"),
    (0, b"-----BEGIN PGP", "PGP message"),
    (0, b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", "Microsoft OneNote"),
    (0, b"\xff\xfb", "MPEG ADTS, layer III, v1"),
    (0, b"\x3f\x5f\x03\0", "MS Windows 3.x help file"),
    (257, b"ustar\0", "POSIX tar archive"),
    (257, b"ustar  \0", "POSIX tar archive (GNU)"),
    (4, b"ftypqt", "ISO Media, Apple QuickTime movie"),
    (4, b"ftyp", "ISO Media"),
];

/// The kind of a file whose first bytes leave no doubt.
pub(crate) fn known(head: &[u8]) -> Option<&'static str> {
    const LONG: [(&[u8], &str); 7] = [
        (b"\x1f\x8b\x08", "gzip compressed data"),
        (b"%PDF-", "PDF document"),
        (b"PK\x03\x04", "Zip archive data"),
        (b"MZ\x90\0", "PE32 executable"),
        (b"\x89PNG", "PNG image data"),
        (b"GIF8", "GIF image data"),
        (b"RIFF", "RIFF data"),
    ];
    let fixed = FIXED.iter().filter(|(at, bytes, _)| *at == 0 && bytes.len() >= 3);
    let fixed = fixed.map(|(_, bytes, words)| (*bytes, *words));
    LONG.into_iter().chain(fixed).find(|(bytes, _)| begins(head, bytes)).map(|(_, words)| words)
}

/// Whether bytes begin so; the first one alone rules most of a list out.
pub(crate) fn begins(bytes: &[u8], with: &[u8]) -> bool {
    bytes.first() == with.first() && bytes.starts_with(with)
}

/// Writes the kind of a file that begins with `head` into `out`.
pub(crate) fn describe(head: &[u8], out: &mut Vec<u8>) {
    if head.is_empty() {
        out.extend_from_slice(b"empty");
    } else if !versioned(head, out) {
        match FIXED.iter().find(|(at, bytes, _)| head.get(*at..).is_some_and(|rest| begins(rest, bytes))) {
            Some((_, _, "ELF")) => elf(head, out),
            Some((_, _, words)) => out.extend_from_slice(words.as_bytes()),
            None => text(head, out),
        }
    }
}

/// Kinds whose words hold something read from the bytes.
fn versioned(head: &[u8], out: &mut Vec<u8>) -> bool {
    if let Some(rest) = find_near(head, b"%PDF-") {
        out.extend_from_slice(b"PDF document, version ");
        out.extend(rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').take(5));
    } else if head.starts_with(b"MZ") {
        portable_executable(head, out);
    } else if head.starts_with(b"PK\x03\x04") {
        zip(head, out);
    } else if head.starts_with(b"\x89PNG\r\n\x1a\n") {
        png(head, out);
    } else if head.starts_with(b"GIF8") {
        out.extend_from_slice(b"GIF image data, version ");
        out.extend_from_slice(head.get(3..6).unwrap_or_default());
        if let Some(&[a, b, c, d]) = head.get(6..10).and_then(|size| size.first_chunk()) {
            let _ = write!(out, ", {} x {}", u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
        }
    } else if head.starts_with(b"RIFF") {
        out.extend_from_slice(match head.get(8..12) {
            Some(b"WAVE") => b"RIFF (little-endian) data, WAVE audio",
            Some(b"AVI ") => b"RIFF (little-endian) data, AVI",
            Some(b"WEBP") => b"RIFF (little-endian) data, Web/P image",
            _ => b"RIFF (little-endian) data",
        });
    } else if let Some(rest) = head.strip_prefix(b"\xca\xfe\xba\xbe") {
        let major =
            rest.get(2..4).and_then(|major| major.first_chunk()).map_or(0, |m| u16::from_be_bytes(*m));
        // The same bytes begin a universal binary of Mach-O; its count of architectures is small.
        if major >= 45 {
            let _ = write!(out, "compiled Java class data, version {major}.0");
        } else {
            out.extend_from_slice(b"Mach-O universal binary");
        }
    } else {
        return false;
    }
    true
}

/// Writers of PDF put junk in front; readers accept it in the first bytes.
fn find_near<'a>(head: &'a [u8], needle: &[u8]) -> Option<&'a [u8]> {
    let window = head.get(..head.len().min(256))?;
    let at = memchr::memmem::find(window, needle)?;
    head.get(at + needle.len()..)
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

fn portable_executable(head: &[u8], out: &mut Vec<u8>) {
    let header = number::<4>(head, 0x3c).map(|at| u32::from_le_bytes(at) as usize);
    let Some(header) = header.and_then(|at| head.get(at..)) else {
        return out.extend_from_slice(b"MS-DOS executable");
    };
    if !header.starts_with(b"PE\0\0") {
        return out.extend_from_slice(match header.get(..2) {
            Some(b"NE") => b"MS-DOS executable, NE for MS Windows 3.x",
            _ => b"MS-DOS executable",
        });
    }
    let word = |at: usize| number::<2>(header, at).map_or(0, u16::from_le_bytes);
    let wide = word(24) == 0x20b;
    out.extend_from_slice(if wide { b"PE32+ executable" } else { b"PE32 executable" });
    if word(22) & 0x2000 != 0 {
        out.extend_from_slice(b" (DLL)");
    }
    out.extend_from_slice(match word(92) {
        1 => b" (native)".as_slice(),
        2 => b" (GUI)",
        3 => b" (console)",
        _ => b"",
    });
    out.extend_from_slice(match word(4) {
        0x14c => b" Intel 80386".as_slice(),
        0x8664 => b" x86-64",
        0x1c0 | 0x1c4 => b" ARM",
        0xaa64 => b" Aarch64",
        _ => b"",
    });
    out.extend_from_slice(b", for MS Windows");
}

fn elf(head: &[u8], out: &mut Vec<u8>) {
    let class = match head.get(4) {
        Some(1) => "32-bit ",
        Some(2) => "64-bit ",
        _ => "",
    };
    let big = head.get(5) == Some(&2);
    let word = |at: usize| {
        number::<2>(head, at)
            .map_or(0, |word| if big { u16::from_be_bytes(word) } else { u16::from_le_bytes(word) })
    };
    let kind = match word(16) {
        1 => "relocatable",
        2 => "executable",
        3 => "shared object",
        4 => "core file",
        _ => "unknown type",
    };
    let machine = match word(18) {
        3 => "Intel 80386",
        8 => "MIPS",
        20 => "PowerPC",
        40 => "ARM",
        62 => "x86-64",
        183 => "ARM aarch64",
        243 => "UCB RISC-V",
        _ => "unknown arch",
    };
    let order = if big { "MSB" } else { "LSB" };
    let _ = write!(out, "ELF {class}{order} {kind}, {machine}, version 1");
}

/// A ZIP archive may be an office document or a Java archive: the first names inside tell.
fn zip(head: &[u8], out: &mut Vec<u8>) {
    let length = number::<2>(head, 26).map_or(0, |length| usize::from(u16::from_le_bytes(length)));
    let name = head.get(30..30 + length).unwrap_or_default();
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    let words: &[u8] = if has(b"word/") {
        b"Microsoft Word 2007+"
    } else if has(b"xl/") {
        b"Microsoft Excel 2007+"
    } else if has(b"ppt/") {
        b"Microsoft PowerPoint 2007+"
    } else if name == b"[Content_Types].xml" {
        b"Microsoft OOXML"
    } else if name.starts_with(b"META-INF/") {
        b"Java archive data (JAR)"
    } else if name == b"AndroidManifest.xml" {
        b"Android package (APK)"
    } else if has(b"mimetypeapplication/vnd.oasis.opendocument.text") {
        b"OpenDocument Text"
    } else if has(b"mimetypeapplication/epub+zip") {
        b"EPUB document"
    } else {
        let version = head.get(4).copied().unwrap_or(20);
        let _ = write!(out, "Zip archive data, at least v{}.{} to extract", version / 10, version % 10);
        return;
    };
    out.extend_from_slice(words);
}

fn png(head: &[u8], out: &mut Vec<u8>) {
    let size = |at| number::<4>(head, at).map_or(0, u32::from_be_bytes);
    let depth = head.get(24).copied().unwrap_or(8);
    let color = match head.get(25) {
        Some(0) => " grayscale",
        Some(2) => "/color RGB",
        Some(3) => " colormap",
        Some(4) => " gray+alpha",
        Some(6) => "/color RGBA",
        _ => "",
    };
    let laced = if head.get(28) == Some(&1) { "interlaced" } else { "non-interlaced" };
    let _ = write!(out, "PNG image data, {} x {}, {depth}-bit{color}, {laced}", size(16), size(20));
}

fn text(head: &[u8], out: &mut Vec<u8>) {
    let Some(encoding) = encoding(head) else { return out.extend_from_slice(b"data") };
    let start = head.trim_ascii_start();
    let begins = |word: &[u8]| start.get(..word.len()).is_some_and(|part| part.eq_ignore_ascii_case(word));
    let kind: &[u8] =
        if begins(b"<!doctype html") || begins(b"<html") || begins(b"<head") || begins(b"<title") {
            b"HTML document, "
        } else if begins(b"<?xml") {
            b"XML 1.0 document, "
        } else if begins(b"<?php") {
            b"PHP script, "
        } else if start.starts_with(b"#!") {
            script(start)
        } else {
            b""
        };
    out.extend_from_slice(kind);
    out.extend_from_slice(encoding);
    if memchr::memmem::find(head, b"\r\n").is_some() {
        out.extend_from_slice(b", with CRLF line terminators");
    } else if memchr::memchr(b'\n', head).is_none() {
        out.extend_from_slice(b", with no line terminators");
    }
}

fn script(start: &[u8]) -> &'static [u8] {
    let line = start.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let has = |needle: &[u8]| memchr::memmem::find(line, needle).is_some();
    if has(b"python") {
        b"Python script, "
    } else if has(b"perl") {
        b"Perl script text executable, "
    } else if has(b"bash") {
        b"Bourne-Again shell script, "
    } else {
        b"POSIX shell script, "
    }
}

fn encoding(head: &[u8]) -> Option<&'static [u8]> {
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return Some(b"Unicode text, UTF-16");
    }
    let plain = |byte: &u8| matches!(byte, 0x20..=0x7e | b'\t' | b'\n' | b'\r' | 0x0c | 0x08 | 0x1b);
    if head.iter().all(plain) {
        return Some(b"ASCII text");
    }
    if head.iter().any(|byte| *byte < 0x80 && !plain(byte)) {
        return None;
    }
    match std::str::from_utf8(head) {
        Ok(_) => Some(b"UTF-8 Unicode text"),
        // The last character may be cut off by the end of the kept bytes.
        Err(error) if error.error_len().is_none() => Some(b"UTF-8 Unicode text"),
        Err(_) => Some(b"ISO-8859 text"),
    }
}

#[cfg(test)]
mod tests {
    use super::describe;

    #[track_caller]
    fn check(head: &[u8], words: &str) {
        let mut out = Vec::new();
        describe(head, &mut out);
        assert_eq!(String::from_utf8_lossy(&out), words);
    }

    #[test]
    fn kinds_are_named_in_the_words_of_file() {
        check(b"", "empty");
        check(b"%PDF-1.5\n%", "PDF document, version 1.5");
        check(b"hello\n", "ASCII text");
        check(b"hello\r\n", "ASCII text, with CRLF line terminators");
        check("héllo\n".as_bytes(), "UTF-8 Unicode text");
        check(b"<html><body>\n", "HTML document, ASCII text");
        check(b"\0\x07\x01", "data");
        check(b"GIF89a\x01\0\x02\0", "GIF image data, version 89a, 1 x 2");
        check(b"PK\x03\x04\x14\0", "Zip archive data, at least v2.0 to extract");
        check(
            b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0",
            "ELF 64-bit LSB executable, x86-64, version 1",
        );
    }

    #[test]
    fn a_windows_program_is_told_by_its_header() {
        let mut head = vec![0; 200];
        head[..2].copy_from_slice(b"MZ");
        head[0x3c] = 0x40;
        head[0x40..0x44].copy_from_slice(b"PE\0\0");
        head[0x44..0x46].copy_from_slice(&0x14c_u16.to_le_bytes());
        head[0x40 + 24..0x40 + 26].copy_from_slice(&0x10b_u16.to_le_bytes());
        head[0x40 + 92] = 2;
        check(&head, "PE32 executable (GUI) Intel 80386, for MS Windows");
    }
}
