use proptest::prelude::*;

use super::*;
use crate::testing::{CLIENT, Drive, SERVER, hex};

/// An SMB2 record in NetBIOS.
fn smb2(command: u16, answer: bool, message: u64, status: u32, body: &[u8]) -> Vec<u8> {
    let mut record = b"\xfeSMB\x40\0\0\0".to_vec();
    record.extend(status.to_le_bytes());
    record.extend(command.to_le_bytes());
    record.extend([1, 0]);
    record.extend(u32::from(answer).to_le_bytes());
    record.extend([0; 4]);
    record.extend(message.to_le_bytes());
    record.extend([0, 0, 0, 0, 7, 0, 0, 0]);
    record.extend(5u64.to_le_bytes());
    record.extend([0; 16]);
    record.extend(body);
    let mut out = (record.len() as u32).to_be_bytes().to_vec();
    out.extend(record);
    out
}

const FILE: [u8; 16] = [0x4d, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];

fn create(name: &str) -> [Vec<u8>; 2] {
    let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut body = vec![0; 56];
    body[0] = 57;
    body[36] = 1;
    body[44] = 120;
    body[46] = name.len() as u8;
    body.extend(name);
    let mut answer = vec![0; 88];
    answer[0] = 89;
    answer[48] = 9;
    answer[64..80].copy_from_slice(&FILE);
    [smb2(5, false, 1, 0, &body), smb2(5, true, 1, 0, &answer)]
}

fn write(message: u64, offset: u64, data: &[u8]) -> Vec<u8> {
    let mut body = vec![49, 0, 112, 0];
    body.extend((data.len() as u32).to_le_bytes());
    body.extend(offset.to_le_bytes());
    body.extend(FILE);
    body.resize(48, 0);
    body.extend(data);
    smb2(9, false, message, 0, &body)
}

fn close() -> Vec<u8> {
    let mut body = vec![24, 0, 0, 0, 0, 0, 0, 0];
    body.extend(FILE);
    smb2(6, false, 9, 0, &body)
}

fn copied(chunk: usize, writes: &[Vec<u8>]) -> (Vec<String>, Vec<u8>, u64) {
    let mut drive = Drive::stream(Smb::default());
    let [ask, answer] = create("a.txt");
    drive.send(CLIENT, &ask, chunk).send(SERVER, &answer, chunk);
    drive.send(CLIENT, &writes.concat(), chunk).send(CLIENT, &close(), chunk);
    let file = &drive.session.files(1)[0];
    let (content, size) = (file.body.window().0.to_vec(), file.size);
    (drive.all(log::write), content, size)
}

#[test]
fn a_written_file_is_put_together_in_order() {
    let (records, content, size) =
        copied(usize::MAX, &[write(2, 4, b"more"), write(3, 0, b"some"), write(4, 8, b"!")]);
    assert_eq!((content.as_slice(), size), (b"somemore!".as_slice(), 9));
    assert!(
        records[0].contains(r#""filename":"a.txt","disposition":"FILE_OPEN","access":"normal""#),
        "{}",
        records[0]
    );
    assert!(records[0].contains(r#""fuid":"0000004d-0000-0000-0005-0000ffffffff""#), "{}", records[0]);
    assert!(
        records[1].contains(r#""command":"SMB2_COMMAND_WRITE","status":"STATUS_SUCCESS""#),
        "{}",
        records[1]
    );
}

#[test]
fn chunks_do_not_matter() {
    let long = vec![7; 3000];
    let writes = [write(2, 0, &long), write(3, 3000, b"end"), write(4, 1, b"again")];
    let whole = copied(usize::MAX, &writes);
    assert_eq!(whole.2, 3003);
    for chunk in [1, 13, 700, 1460] {
        assert_eq!(copied(chunk, &writes), whole);
    }
    assert!(whole.0[1].contains("[7]"), "the overlap is an event: {}", whole.0[1]);
}

#[test]
fn a_pipe_carries_calls() {
    let mut drive = Drive::stream(Smb::default());
    let [ask, answer] = create("svcctl");
    let bind = hex("05000b03 10000000 4800 0000 01000000 d016 d016 00000000 01 000000 0000 01 00
                    81bb7a36 4498 f135 ad3298f038001003 0200 0000 045d888aeb1cc9119fe808002b104860 02000000");
    drive.send(CLIENT, &ask, 999).send(SERVER, &answer, 999).send(CLIENT, &write(2, 0, &bind), 999);
    let mut read = vec![49, 0, 0, 0, 0, 4, 0, 0];
    read.extend([0; 8]);
    read.extend(FILE);
    read.resize(49, 0);
    drive.send(CLIENT, &smb2(8, false, 3, 0, &read), 999);
    let ack =
        hex("05000c03 10000000 4400 0000 01000000 d016 d016 01000000 0d00 5c504950455c73766363746c 00 00
                   01 000000 0000 0000 045d888aeb1cc9119fe808002b104860 02000000");
    let mut body = vec![17, 0, 80, 0];
    body.extend((ack.len() as u32).to_le_bytes());
    body.resize(16, 0);
    body.extend(ack);
    drive.send(SERVER, &smb2(8, true, 3, 0, &body), 999);
    let record = drive.record(1, CLIENT, log::write);
    assert!(record.contains(r#""dcerpc":{"request":"BIND","interfaces":[{"uuid":"367abb81-9844-35f1-ad32-98f038001003","version":"2.0","ack_result":0,"ack_reason":0,"service":"svcctl"}],"response":"BINDACK","call_id":1}"#), "{record}");
}

#[test]
fn records_are_found_again_after_a_gap() {
    let mut drive = Drive::stream(Smb::default());
    let [ask, _] = create("a.txt");
    drive.send(CLIENT, &ask, 999);
    drive.session.gap(CLIENT, 1000);
    drive.send(CLIENT, &[b"rest of a record".as_slice(), &ask].concat(), 5);
    assert_eq!(drive.session.count(), 2);
}

#[test]
fn the_first_dialect_of_smb1_is_named() {
    let mut drive = Drive::stream(Smb::default());
    let mut ask = hex("ff534d42 72 00000000 18 0148 0000 0000000000000000 0000 0000 0100 0000 0200 00 0c00");
    ask.extend(b"\x02NT LM 0.12\0");
    let mut answer =
        hex("ff534d42 72 00000000 98 0148 0000 0000000000000000 0000 0000 0100 0000 0200 11 0000");
    answer.extend([0; 32]);
    answer.extend([16, 0]);
    answer.extend([1; 16]);
    answer[33 + 22] = 0x80;
    for (side, record) in [(CLIENT, ask), (SERVER, answer)] {
        let mut bytes = (record.len() as u32).to_be_bytes().to_vec();
        bytes.extend(record);
        drive.send(side, &bytes, 10);
    }
    let record = drive.record(0, CLIENT, log::write);
    assert!(
        record.contains(
            r#""dialect":"NT LM 0.12","command":"SMB1_COMMAND_NEGOTIATE_PROTOCOL","status":"STATUS_SUCCESS""#
        ),
        "{record}"
    );
    assert!(
        record.contains(
            r#""client_dialects":["NT LM 0.12"],"server_guid":"01010101-0101-0101-0101-010101010101""#
        ),
        "{record}"
    );
}

/// A record of SMB1 with so many words, all zero but for those given by their places.
fn smb1(command: u8, multiplex: u16, words: usize, set: &[(usize, u16)]) -> Vec<u8> {
    let mut record = hex("ff534d42 00 00000000 18 0148 0000 0000000000000000 0000 0000 0100 0000 0000");
    record[4] = command;
    record[30..32].copy_from_slice(&multiplex.to_le_bytes());
    record.push(words as u8);
    let mut values = vec![0; words];
    set.iter().for_each(|(at, value)| values[*at] = *value);
    record.extend(values.iter().flat_map(|value: &u16| value.to_le_bytes()));
    record.extend([0, 0]);
    netbios(&record)
}

fn netbios(record: &[u8]) -> Vec<u8> {
    let mut bytes = (record.len() as u32).to_be_bytes().to_vec();
    bytes.extend(record);
    bytes
}

/// Names of the events that records of a client raise.
fn raised(records: &[Vec<u8>]) -> Vec<&'static str> {
    let mut drive = Drive::stream(Smb::default());
    records.iter().for_each(|record| {
        drive.send(CLIENT, record, 999);
    });
    let all = (0..drive.session.count()).flat_map(|index| drive.session.core(index).events.to_vec());
    all.map(|code| state::EVENTS[usize::from(code)]).collect()
}

#[test]
fn what_only_exploits_of_smb1_send_is_said() {
    const NEGOTIATE: u8 = 0x72;
    let begun = || smb1(NEGOTIATE, 0, 0, &[]);
    assert_eq!(raised(&[smb1(0x32, 65, 15, &[(14, 0x0e)])]), ["trans2_session_setup"]);
    assert_eq!(raised(&[smb1(0x25, 1, 16, &[(14, 0x23), (15, 0)])]), ["peek_at_no_pipe"]);
    assert_eq!(raised(&[smb1(0x25, 1, 16, &[(14, 0x23), (15, 0x4000)])]), [""; 0], "a pipe that is open");
    assert_eq!(raised(&[smb1(0xa0, 7, 19, &[]), smb1(0x33, 7, 9, &[])]), ["secondary_of_another"]);
    assert_eq!(raised(&[smb1(0xa0, 7, 19, &[]), smb1(0xa1, 7, 18, &[])]), [""; 0], "as it should be");
    assert_eq!(raised(&[begun(), smb1(0x26, 7, 8, &[])]).last(), Some(&"secondary_of_none"));
    assert_eq!(raised(&[smb1(0x26, 7, 8, &[])]), [""; 0], "its first part may have come before the capture");
}

#[test]
fn compressed_messages_whose_sizes_overflow_are_said() {
    let squeezed = |original: u32, offset: u32| {
        let mut record = b"\xfcSMB".to_vec();
        record.extend(original.to_le_bytes());
        record.extend([1, 0, 0, 0]);
        record.extend(offset.to_le_bytes());
        record.resize(64, 0);
        netbios(&record)
    };
    let [ask, _] = create("a.txt");
    assert_eq!(raised(&[ask.clone(), squeezed(u32::MAX, 16)]), ["compressed_size_overflow"]);
    assert_eq!(raised(&[ask, squeezed(4_096, 16)]), [""; 0]);
}

#[test]
fn too_many_transactions_give_up_the_oldest() {
    let mut drive = Drive::stream(Smb::default());
    drive.config.settings.push(("smb.max_tx".into(), "3".into()));
    for message in 0..6 {
        drive.send(CLIENT, &smb2(13, false, message, 0, &[4, 0, 0, 0]), 999);
    }
    let events: Vec<_> = (0..6).map(|index| drive.session.core(index).events.len()).collect();
    assert_eq!(events, [1, 0, 0, 0, 0, 0]);
    assert_eq!(drive.session.core(1).progress, [1, 1]);
}

proptest! {
    #[test]
    fn any_bytes_are_survived(
        mut bytes in proptest::collection::vec(any::<u8>(), 40..400),
        magic in 0xfdu8..=0xff,
        command in 0u8..0xb0,
        chunk in 1usize..200,
    ) {
        let length = bytes.len() as u32 - 4;
        bytes[..4].copy_from_slice(&length.to_be_bytes());
        bytes[4] = magic;
        bytes[5..8].copy_from_slice(b"SMB");
        if magic == 0xff { bytes[8] = command; bytes[13] &= 0x7f; }
        if magic == 0xfe { bytes[8..10].copy_from_slice(&[64, 0]); bytes[16] = command % 19; bytes[17] = 0; }
        let mut drive = Drive::stream(Smb::default());
        drive.send(CLIENT, &bytes, chunk).send(SERVER, &bytes, chunk);
        bytes[13] |= 0x80;
        bytes[20] |= 1;
        drive.send(SERVER, &bytes, chunk);
        let _ = drive.all(log::write);
    }
}
