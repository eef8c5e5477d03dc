//! The signed statement: in-toto Statement v1 in a DSSE envelope.
//!
//! What is signed is `PAE(type, payload)` = `DSSEv1 ‖ SP ‖ LEN(type) ‖ SP ‖ type ‖ SP ‖ LEN(payload) ‖ SP ‖ payload`. Envelope and
//! statement are written in one form only, so that each of their bytes is accounted for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use json::Json;
use serde_json::Value;

use crate::{Hash, PublicKey, SigningKey, hex, unhex};

const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
const PREDICATE_TYPE: &str = "urn:targe:evidence:v1";
/// Name of the subject whose digest is the root of the tree.
const TREE: &str = "evidence-tree";

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Statement {
    /// Root of the tree.
    pub root: Hash,
    /// Leaves of the tree.
    pub leaves: u64,
    /// Claims.
    pub claims: u64,
    /// Packets.
    pub packets: u64,
    /// Inputs: name and SHA-256 in hexadecimal.
    pub inputs: Vec<(String, String)>,
    /// SHA-256 of each member as it lies in the file, in order.
    pub members: Vec<(String, Hash)>,
}

impl Statement {
    /// The statement's JSON.
    pub fn json(&self) -> Vec<u8> {
        let mut json = Json::new();
        json.object_item().text("_type", STATEMENT_TYPE).array("subject");
        subject(&mut json, TREE, &hex(&self.root));
        for (name, sha256) in &self.inputs {
            subject(&mut json, name, sha256);
        }
        json.end().text("predicateType", PREDICATE_TYPE).object("predicate");
        json.number("leaves", self.leaves).number("claims", self.claims).number("packets", self.packets);
        json.array("members");
        for (name, hash) in &self.members {
            json.object_item().text("name", name).text("packedSha256", &hex(hash)).end();
        }
        json.end().end().end();
        std::mem::take(json.bytes_mut())
    }

    fn read(bytes: &[u8]) -> Result<Self, String> {
        let wrong = |what: &str| format!("the signed statement was altered: {what}");
        let value: Value = serde_json::from_slice(bytes).map_err(|_| wrong("it is no JSON"))?;
        let text = |value: &Value, key: &str| value[key].as_str().map(str::to_owned);
        if value["_type"] != STATEMENT_TYPE || value["predicateType"] != PREDICATE_TYPE {
            return Err(wrong("its type is not that of an evidence bundle"));
        }
        let mut statement = Self::default();
        let mut subjects = value["subject"].as_array().into_iter().flatten();
        let tree = subjects.next().filter(|subject| subject["name"] == TREE);
        let root = tree.and_then(|subject| hash_of(&subject["digest"]["sha256"]));
        statement.root = root.ok_or_else(|| wrong("it names no root of the tree"))?;
        for subject in subjects {
            let pair = text(subject, "name").zip(text(&subject["digest"], "sha256"));
            statement.inputs.push(pair.ok_or_else(|| wrong("an input has no name or digest"))?);
        }
        let predicate = &value["predicate"];
        let number =
            |key: &str| predicate[key].as_u64().ok_or_else(|| wrong(&format!("`{key}` is no number")));
        (statement.leaves, statement.claims, statement.packets) =
            (number("leaves")?, number("claims")?, number("packets")?);
        for member in predicate["members"].as_array().into_iter().flatten() {
            let pair = text(member, "name").zip(hash_of(&member["packedSha256"]));
            statement.members.push(pair.ok_or_else(|| wrong("a member has no name or digest"))?);
        }
        if statement.json() != bytes {
            return Err(wrong("it is not in the form that it is signed in"));
        }
        Ok(statement)
    }
}

fn subject(json: &mut Json, name: &str, sha256: &str) {
    json.object_item().text("name", name).object("digest").text("sha256", sha256).end().end();
}

fn hash_of(value: &Value) -> Option<Hash> {
    unhex(value.as_str()?)?.try_into().ok()
}

/// A statement, and who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// What is said.
    pub statement: Statement,
    /// Who signed it, and the signature; `None` for a bundle that is not signed.
    pub by: Option<(PublicKey, Vec<u8>)>,
}

impl Signed {
    /// Signs a statement, or leaves it unsigned.
    pub fn new(statement: Statement, key: Option<&SigningKey>) -> Self {
        let message = pae(&statement.json());
        Self { by: key.map(|key| (key.public(), key.sign(&message).to_vec())), statement }
    }

    /// Whether the signature is of the key that it names; `None` when there is none.
    pub fn holds(&self) -> Option<bool> {
        let (key, signature) = self.by.as_ref()?;
        Some(key.verifies(&pae(&self.statement.json()), signature))
    }

    /// The envelope.
    pub fn envelope(&self) -> Vec<u8> {
        let mut json = Json::new();
        json.object_item().text("payload", &STANDARD.encode(self.statement.json()));
        json.text("payloadType", PAYLOAD_TYPE).array("signatures");
        if let Some((key, signature)) = &self.by {
            json.object_item().text("keyid", &key.id()).text("sig", &STANDARD.encode(signature));
            json.text("publicKey", &STANDARD.encode(key.to_bytes())).end();
        }
        json.end().end();
        json.bytes_mut().push(b'\n');
        std::mem::take(json.bytes_mut())
    }

    /// Reads an envelope.
    ///
    /// # Errors
    /// What was altered.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let wrong = |what: &str| format!("the envelope of the signature was altered: {what}");
        let value: Value = serde_json::from_slice(bytes).map_err(|_| wrong("it is no JSON"))?;
        let base64 = |value: &Value| value.as_str().and_then(|text| STANDARD.decode(text).ok());
        let payload = base64(&value["payload"]).ok_or_else(|| wrong("its payload is no base64"))?;
        let statement = Statement::read(&payload)?;
        let by = match value["signatures"].as_array().map(Vec::as_slice) {
            Some([]) => None,
            Some([one]) => {
                let key = base64(&one["publicKey"]).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
                let key = key.ok_or_else(|| wrong("its public key has not 32 bytes"))?;
                let key = PublicKey::from_bytes(&key).map_err(|error| wrong(&error.0))?;
                let signature = base64(&one["sig"]).ok_or_else(|| wrong("its signature is no base64"))?;
                Some((key, signature))
            }
            _ => return Err(wrong("it holds no list of one signature or none")),
        };
        let signed = Self { statement, by };
        if signed.envelope() != bytes {
            return Err(wrong(
                "it is not in the form that it is written in (type, key id, spacing or order)",
            ));
        }
        Ok(signed)
    }
}

/// What DSSE signs.
fn pae(payload: &[u8]) -> Vec<u8> {
    let mut out = format!("DSSEv1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), payload.len()).into_bytes();
    out.extend_from_slice(payload);
    out
}
