//! Names of NFS's procedures and states, and of RPC's.

/// RFC 1094 §2.2.
pub(super) const PROCEDURES_2: &[(&str, u32)] = &[
    ("NULL", 0),
    ("GETATTR", 1),
    ("SETATTR", 2),
    ("ROOT", 3),
    ("LOOKUP", 4),
    ("READLINK", 5),
    ("READ", 6),
    ("WRITECACHE", 7),
    ("WRITE", 8),
    ("CREATE", 9),
    ("REMOVE", 10),
    ("RENAME", 11),
    ("LINK", 12),
    ("SYMLINK", 13),
    ("MKDIR", 14),
    ("RMDIR", 15),
    ("READDIR", 16),
    ("STATFS", 17),
];

/// RFC 1813 §3.
pub(super) const PROCEDURES_3: &[(&str, u32)] = &[
    ("NULL", 0),
    ("GETATTR", 1),
    ("SETATTR", 2),
    ("LOOKUP", 3),
    ("ACCESS", 4),
    ("READLINK", 5),
    ("READ", 6),
    ("WRITE", 7),
    ("CREATE", 8),
    ("MKDIR", 9),
    ("SYMLINK", 10),
    ("MKNOD", 11),
    ("REMOVE", 12),
    ("RMDIR", 13),
    ("RENAME", 14),
    ("LINK", 15),
    ("READDIR", 16),
    ("READDIRPLUS", 17),
    ("FSSTAT", 18),
    ("FSINFO", 19),
    ("PATHCONF", 20),
    ("COMMIT", 21),
];

/// RFC 7530 §16, RFC 8881 §18, RFC 7862 §15; the first two are procedures, the others operations of a compound.
pub(super) const PROCEDURES_4: &[(&str, u32)] = &[
    ("NULL", 0),
    ("COMPOUND", 1),
    ("ACCESS", 3),
    ("CLOSE", 4),
    ("COMMIT", 5),
    ("CREATE", 6),
    ("DELEGPURGE", 7),
    ("DELEGRETURN", 8),
    ("GETATTR", 9),
    ("GETFH", 10),
    ("LINK", 11),
    ("LOCK", 12),
    ("LOCKT", 13),
    ("LOCKU", 14),
    ("LOOKUP", 15),
    ("LOOKUPP", 16),
    ("NVERIFY", 17),
    ("OPEN", 18),
    ("OPENATTR", 19),
    ("OPEN_CONFIRM", 20),
    ("OPEN_DOWNGRADE", 21),
    ("PUTFH", 22),
    ("PUTPUBFH", 23),
    ("PUTROOTFH", 24),
    ("READ", 25),
    ("READDIR", 26),
    ("READLINK", 27),
    ("REMOVE", 28),
    ("RENAME", 29),
    ("RENEW", 30),
    ("RESTOREFH", 31),
    ("SAVEFH", 32),
    ("SECINFO", 33),
    ("SETATTR", 34),
    ("SETCLIENTID", 35),
    ("SETCLIENTID_CONFIRM", 36),
    ("VERIFY", 37),
    ("WRITE", 38),
    ("RELEASE_LOCKOWNER", 39),
    ("EXCHANGE_ID", 42),
    ("CREATE_SESSION", 43),
    ("DESTROY_SESSION", 44),
    ("GETDEVINFO", 47),
    ("LAYOUTGET", 50),
    ("SECINFO_NO_NAME", 52),
    ("SEQUENCE", 53),
    ("RECLAIM_COMPLETE", 58),
    ("ILLEGAL", 10044),
];

/// RFC 1813 §2.6; versions 2 and 4 mean the same by the same numbers.
const STATES: &[(u32, &str)] = &[
    (0, "OK"),
    (1, "ERR_PERM"),
    (2, "ERR_NOENT"),
    (5, "ERR_IO"),
    (6, "ERR_NXIO"),
    (13, "ERR_ACCES"),
    (17, "ERR_EXIST"),
    (18, "ERR_XDEV"),
    (19, "ERR_NODEV"),
    (20, "ERR_NOTDIR"),
    (21, "ERR_ISDIR"),
    (22, "ERR_INVAL"),
    (27, "ERR_FBIG"),
    (28, "ERR_NOSPC"),
    (30, "ERR_ROFS"),
    (31, "ERR_MLINK"),
    (63, "ERR_NAMETOOLONG"),
    (66, "ERR_NOTEMPTY"),
    (69, "ERR_DQUOT"),
    (70, "ERR_STALE"),
    (71, "ERR_REMOTE"),
    (10001, "ERR_BADHANDLE"),
    (10002, "ERR_NOT_SYNC"),
    (10003, "ERR_BAD_COOKIE"),
    (10004, "ERR_NOTSUPP"),
    (10005, "ERR_TOOSMALL"),
    (10006, "ERR_SERVERFAULT"),
    (10007, "ERR_BADTYPE"),
    (10008, "ERR_JUKEBOX"),
];

/// Names of flavors of authentication, from 0.
const FLAVORS: [&str; 7] = ["NULL", "UNIX", "SHORT", "DH", "KERB", "RSA", "GSS"];

/// A number's name, or the number itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named(Option<&'static str>, u32);

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(name) => f.write_str(name),
            None => write!(f, "{}", self.1),
        }
    }
}

/// The procedures of a version.
pub(super) fn procedures(version: u32) -> &'static [(&'static str, u32)] {
    match version {
        2 => PROCEDURES_2,
        3 => PROCEDURES_3,
        _ => PROCEDURES_4,
    }
}

pub(super) fn procedure(version: u32, number: u32) -> Named {
    let found = procedures(version).iter().find(|(_, known)| *known == number);
    Named(found.map(|(name, _)| *name), number)
}

pub(super) fn status(number: u32) -> Named {
    Named(STATES.iter().find(|(known, _)| *known == number).map(|(_, name)| *name), number)
}

pub(super) fn rpc_state(number: u32) -> Named {
    Named(["ACCEPTED", "DENIED"].get(number as usize).copied(), number)
}

pub(super) fn flavor(number: u32) -> Named {
    Named(FLAVORS.get(number as usize).copied(), number)
}
