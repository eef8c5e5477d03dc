//! SMB 2.1 sessions: negotiate, log in with NTLM, open a share, read and write files. Reference: MS-SMB2, MS-NLMP.

use model::Time;

use crate::frame::Host;
use crate::random::Random;
use crate::scene::Scene;
use crate::talk::{MS, Side, Talk};

/// One thing done to a file.
#[derive(Debug, Clone)]
pub enum FileStep<'a> {
    /// Reads a file of these bytes.
    Read(&'a str, Vec<u8>),
    /// Writes these bytes to a file.
    Write(&'a str, Vec<u8>),
    /// Gives a file another name.
    Rename(&'a str, String),
    /// Nothing for these nanoseconds.
    Pause(u64),
}

/// Who logs in, and where.
#[derive(Debug, Clone)]
pub struct Login<'a> {
    /// The user.
    pub user: &'a str,
    /// The domain.
    pub domain: &'a str,
    /// The client's own name.
    pub machine: &'a str,
    /// The share, as `\\server\share`.
    pub share: &'a str,
}

const NEGOTIATE: u16 = 0;
const SESSION_SETUP: u16 = 1;
const TREE_CONNECT: u16 = 3;
const CREATE: u16 = 5;
const CLOSE: u16 = 6;
const READ: u16 = 8;
const WRITE: u16 = 9;
const SET_INFO: u16 = 17;
const MORE_PROCESSING: u32 = 0xc000_0016;

/// Reads and writes are cut into pieces of this size, as the dialect's limit for one credit has it.
const PIECE_BYTES: usize = 32 * 1024;

struct Dialogue<'t, 's> {
    talk: &'t mut Talk<'s>,
    random: Random,
    message: u64,
    session: u64,
    tree: u32,
}

/// Plays a session on port 445. Returns when it was over.
pub fn play(
    scene: &mut Scene,
    at: Time,
    client: &Host,
    server: &Host,
    login: &Login<'_>,
    steps: &[FileStep<'_>],
) -> Time {
    let random = scene.random(&format!("smb {} {} {}", client.ip, server.ip, at.nanos()));
    let mut talk = Talk::open(scene, at, client, server, 445);
    let mut dialogue = Dialogue { talk: &mut talk, random, message: 0, session: 0, tree: 0 };
    dialogue.begin(at, login);
    for step in steps {
        match step {
            FileStep::Pause(nanos) => {
                dialogue.talk.wait(*nanos);
            }
            FileStep::Read(name, bytes) => dialogue.read(at, name, bytes),
            FileStep::Write(name, bytes) => dialogue.write(at, name, bytes),
            FileStep::Rename(name, new) => dialogue.rename(at, name, new),
        }
    }
    talk.close(Side::Client)
}

impl Dialogue<'_, '_> {
    fn begin(&mut self, at: Time, login: &Login<'_>) {
        let mut body = words(&[36, 2, 1, 0]);
        body.extend_from_slice(&[0; 4]);
        body.extend_from_slice(&self.random.bytes(16));
        body.extend_from_slice(&[0; 8]);
        body.extend_from_slice(&words(&[0x0202, 0x0210]));
        let mut answer = words(&[65, 1, 0x0210, 0]);
        answer.extend_from_slice(&self.random.bytes(16));
        answer.extend_from_slice(&7_u32.to_le_bytes());
        (0..3).for_each(|_| answer.extend_from_slice(&1_048_576_u32.to_le_bytes()));
        answer.extend_from_slice(&file_time(at).to_le_bytes());
        answer.extend_from_slice(&[0; 8]);
        answer.extend_from_slice(&words(&[128, 0, 0, 0]));
        self.exchange(NEGOTIATE, 0, &body, &answer);

        self.session = self.random.word() >> 16;
        let mut first = b"NTLMSSP\0\x01\0\0\0".to_vec();
        first.extend_from_slice(&0xe208_8297_u32.to_le_bytes());
        first.extend_from_slice(&[0; 16]);
        let challenge = self.challenge(login.domain);
        self.exchange(SESSION_SETUP, MORE_PROCESSING, &setup(&first), &setup_answer(&challenge));
        let proof = self.proof(at, login);
        self.exchange(SESSION_SETUP, 0, &setup(&proof), &setup_answer(&[]));

        self.tree = 1;
        let share = wide(login.share);
        let mut connect = words(&[9, 0, 72, share.len() as u16]);
        connect.extend_from_slice(&share);
        let mut connected = words(&[16, 1]);
        connected.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0x01, 0x1f, 0]);
        self.exchange(TREE_CONNECT, 0, &connect, &connected);
    }

    fn challenge(&mut self, domain: &str) -> Vec<u8> {
        let name = wide(domain);
        let mut out = b"NTLMSSP\0\x02\0\0\0".to_vec();
        out.extend_from_slice(&words(&[name.len() as u16, name.len() as u16, 56, 0]));
        out.extend_from_slice(&0xe289_8215_u32.to_le_bytes());
        out.extend_from_slice(&self.random.bytes(8));
        out.extend_from_slice(&[0; 8]);
        let info = [words(&[2, name.len() as u16]), name.clone(), words(&[0, 0])].concat();
        out.extend_from_slice(&words(&[info.len() as u16, info.len() as u16, 56 + name.len() as u16, 0]));
        out.extend_from_slice(&[10, 0, 0x61, 0x4a, 0, 0, 0, 15]);
        out.extend_from_slice(&name);
        out.extend_from_slice(&info);
        out
    }

    fn proof(&mut self, at: Time, login: &Login<'_>) -> Vec<u8> {
        // NTLMv2: the proof, then what it was made over, MS-NLMP §2.2.2.7; the list of names is only its end mark.
        let mut response = self.random.bytes(16);
        response.extend_from_slice(&[1, 1, 0, 0, 0, 0, 0, 0]);
        response.extend_from_slice(&file_time(at).to_le_bytes());
        response.extend_from_slice(&self.random.bytes(8));
        response.extend_from_slice(&[0; 12]);
        let parts = [
            vec![0; 24],
            response,
            wide(login.domain),
            wide(login.user),
            wide(login.machine),
            self.random.bytes(16),
        ];
        let mut out = b"NTLMSSP\0\x03\0\0\0".to_vec();
        let mut offset = 72_u16;
        for part in &parts {
            out.extend_from_slice(&words(&[part.len() as u16, part.len() as u16, offset, 0]));
            offset += part.len() as u16;
        }
        out.extend_from_slice(&0xe288_8215_u32.to_le_bytes());
        out.extend_from_slice(&[10, 0, 0x61, 0x4a, 0, 0, 0, 15]);
        out.extend_from_slice(&parts.concat());
        out
    }

    fn create(&mut self, at: Time, name: &str, access: u32, size_bytes: usize) -> Vec<u8> {
        let name = wide(name);
        let mut body = words(&[57, 0]);
        body.extend_from_slice(&2_u32.to_le_bytes());
        body.extend_from_slice(&[0; 16]);
        for field in [access, 0x80, 7, 3, 0x40] {
            body.extend_from_slice(&field.to_le_bytes());
        }
        body.extend_from_slice(&words(&[120, name.len() as u16]));
        body.extend_from_slice(&[0; 8]);
        body.extend_from_slice(&name);
        let file = self.random.bytes(16);
        let mut answer = words(&[89, 0]);
        answer.extend_from_slice(&1_u32.to_le_bytes());
        (0..4).for_each(|_| answer.extend_from_slice(&file_time(at).to_le_bytes()));
        answer.extend_from_slice(&(size_bytes as u64).next_multiple_of(4_096).to_le_bytes());
        answer.extend_from_slice(&(size_bytes as u64).to_le_bytes());
        answer.extend_from_slice(&0x20_u64.to_le_bytes());
        answer.extend_from_slice(&file);
        answer.extend_from_slice(&[0; 8]);
        self.exchange(CREATE, 0, &body, &answer);
        file
    }

    fn read(&mut self, at: Time, name: &str, bytes: &[u8]) {
        let file = self.create(at, name, 0x0012_0089, bytes.len());
        for (index, piece) in bytes.chunks(PIECE_BYTES).enumerate() {
            let mut body = words(&[49, 0x50]);
            body.extend_from_slice(&(piece.len() as u32).to_le_bytes());
            body.extend_from_slice(&((index * PIECE_BYTES) as u64).to_le_bytes());
            body.extend_from_slice(&file);
            body.extend_from_slice(&[0; 17]);
            let mut answer = words(&[17, 0x50]);
            answer.extend_from_slice(&(piece.len() as u32).to_le_bytes());
            answer.extend_from_slice(&[0; 8]);
            answer.extend_from_slice(piece);
            self.exchange(READ, 0, &body, &answer);
        }
        self.close(&file);
    }

    fn write(&mut self, at: Time, name: &str, bytes: &[u8]) {
        let file = self.create(at, name, 0x0012_0196, bytes.len());
        for (index, piece) in bytes.chunks(PIECE_BYTES).enumerate() {
            let mut body = words(&[49, 112]);
            body.extend_from_slice(&(piece.len() as u32).to_le_bytes());
            body.extend_from_slice(&((index * PIECE_BYTES) as u64).to_le_bytes());
            body.extend_from_slice(&file);
            body.extend_from_slice(&[0; 16]);
            body.extend_from_slice(piece);
            let mut answer = words(&[17, 0]);
            answer.extend_from_slice(&(piece.len() as u32).to_le_bytes());
            answer.extend_from_slice(&[0; 8]);
            self.exchange(WRITE, 0, &body, &answer);
        }
        self.close(&file);
    }

    fn rename(&mut self, at: Time, name: &str, new: &str) {
        let file = self.create(at, name, 0x0011_0080, 0);
        let new = wide(new);
        // FILE_RENAME_INFORMATION, MS-FSCC §2.4.37.2.
        let mut info = vec![0; 16];
        info.extend_from_slice(&(new.len() as u32).to_le_bytes());
        info.extend_from_slice(&new);
        let mut body = vec![33, 0, 1, 10];
        body.extend_from_slice(&(info.len() as u32).to_le_bytes());
        body.extend_from_slice(&words(&[96, 0]));
        body.extend_from_slice(&[0; 4]);
        body.extend_from_slice(&file);
        body.extend_from_slice(&info);
        self.exchange(SET_INFO, 0, &body, &words(&[2]));
        self.close(&file);
    }

    fn close(&mut self, file: &[u8]) {
        let mut body = words(&[24, 0, 0, 0]);
        body.extend_from_slice(file);
        let mut answer = words(&[60]);
        answer.extend_from_slice(&[0; 58]);
        self.exchange(CLOSE, 0, &body, &answer);
    }

    fn exchange(&mut self, command: u16, status: u32, body: &[u8], answer: &[u8]) {
        let ask = self.message_of(command, 0, 0, body);
        let reply = self.message_of(command, status, 1, answer);
        self.message += 1;
        let think = self.random.between(1, 6) * MS / 4;
        self.talk.wait(think).client(&ask);
        self.talk.wait(think).server(&reply);
    }

    fn message_of(&self, command: u16, status: u32, flags: u32, body: &[u8]) -> Vec<u8> {
        let mut out = b"\xfeSMB".to_vec();
        out.extend_from_slice(&words(&[64, 1]));
        out.extend_from_slice(&status.to_le_bytes());
        out.extend_from_slice(&words(&[command, 31]));
        out.extend_from_slice(&flags.to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&self.message.to_le_bytes());
        out.extend_from_slice(&0xfeff_u32.to_le_bytes());
        out.extend_from_slice(&self.tree.to_le_bytes());
        // The first answer of a log-in brings the session's number.
        let session =
            if command == SESSION_SETUP && self.message == 1 && flags == 0 { 0 } else { self.session };
        out.extend_from_slice(&session.to_le_bytes());
        out.extend_from_slice(&[0; 16]);
        out.extend_from_slice(body);
        [&(out.len() as u32).to_be_bytes(), &out[..]].concat()
    }
}

fn setup(token: &[u8]) -> Vec<u8> {
    let mut body = vec![25, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0];
    body.extend_from_slice(&words(&[88, token.len() as u16]));
    body.extend_from_slice(&[0; 8]);
    body.extend_from_slice(token);
    body
}

fn setup_answer(token: &[u8]) -> Vec<u8> {
    let mut body = words(&[9, 0, 72, token.len() as u16]);
    body.extend_from_slice(token);
    body
}

fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Windows counts in 100 ns from 1601.
fn file_time(at: Time) -> u64 {
    at.nanos() / 100 + 116_444_736_000_000_000
}
