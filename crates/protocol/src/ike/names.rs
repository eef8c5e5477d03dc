//! Names of numbers in IKE.

/// Attributes of version 1 (RFC 2409 appendix A), which rules and records call so.
pub(super) const ATTRIBUTES: &[(&str, u16)] = &[
    ("alg_enc", 1),
    ("alg_hash", 2),
    ("alg_auth", 3),
    ("alg_dh", 4),
    ("sa_group_type", 5),
    ("sa_life_type", 11),
    ("sa_life_duration", 12),
    ("alg_prf", 13),
    ("sa_key_length", 14),
    ("sa_field_size", 15),
];

/// The name of an attribute.
pub(super) fn attribute(kind: u16) -> &'static str {
    ATTRIBUTES.iter().find(|(_, number)| *number == kind).map_or("unknown", |(name, _)| name)
}

/// The name of an attribute's value.
pub(super) const fn value(kind: u16, number: Option<u32>) -> &'static str {
    let Some(number) = number else { return "Unknown" };
    match (kind, number) {
        (1, 1) => "EncDesCbc",
        (1, 2) => "EncIdeaCbc",
        (1, 3) => "EncBlowfishCbc",
        (1, 4) => "EncRc5R16B64Cbc",
        (1, 5) => "EncTripleDesCbc",
        (1, 6) => "EncCastCbc",
        (1, 7) => "EncAesCbc",
        (1, 8) => "EncCamelliaCbc",
        (2, 1) => "HashMd5",
        (2, 2) => "HashSha",
        (2, 3) => "HashTiger",
        (2, 4) => "HashSha2_256",
        (2, 5) => "HashSha2_384",
        (2, 6) => "HashSha2_512",
        (3, 1) => "AuthPreSharedKey",
        (3, 2) => "AuthDssSignatures",
        (3, 3) => "AuthRsaSignatures",
        (3, 4) => "AuthEncryptionWithRsa",
        (3, 5) => "AuthRevisedEncryptionWithRsa",
        (3, 9) => "AuthEcdsaWithSha256",
        (3, 10) => "AuthEcdsaWithSha384",
        (3, 11) => "AuthEcdsaWithSha512",
        (4, 1) => "GroupDefault768BitModpGroup",
        (4, 2) => "GroupAlternate1024BitModpGroup",
        (4, 3) => "GroupEc2nOnGp2p155",
        (4, 4) => "GroupEc2nOnGp2p185",
        (4, 5) => "GroupModp1536Bit",
        (4, 14) => "GroupModp2048Bit",
        (4, 15) => "GroupModp3072Bit",
        (4, 16) => "GroupModp4096Bit",
        (4, 17) => "GroupModp6144Bit",
        (4, 18) => "GroupModp8192Bit",
        (4, 19) => "Group256BitRandomEcpGroup",
        (4, 20) => "Group384BitRandomEcpGroup",
        (4, 21) => "Group521BitRandomEcpGroup",
        (11, 1) => "LifeTypeSeconds",
        (11, 2) => "LifeTypeKilobytes",
        _ => "Unknown",
    }
}

/// Exchanges of version 1.
pub(super) const fn exchange(number: u8) -> Option<&'static str> {
    Some(match number {
        0 => "None",
        1 => "Base",
        2 => "IdentityProtection",
        3 => "AuthenticationOnly",
        4 => "Aggressive",
        5 => "Informational",
        6 => "Transaction",
        32 => "QuickMode",
        33 => "NewGroupMode",
        _ => return None,
    })
}

/// Payloads of both versions.
pub(super) const fn payload(number: u8) -> &'static str {
    match number {
        1 => "SecurityAssociation",
        2 => "Proposal",
        3 => "Transform",
        4 => "KeyExchange",
        5 => "Identification",
        6 => "Certificate",
        7 => "CertificateRequest",
        8 => "Hash",
        9 => "Signature",
        10 => "Nonce",
        11 => "Notification",
        12 => "Delete",
        13 => "VendorID",
        15 => "SaKekPayload",
        16 => "SaTekPayload",
        17 => "KeyDownload",
        18 => "SequenceNumber",
        19 => "ProofOfPossession",
        20 => "NatDiscovery",
        21 => "NatOriginalAddress",
        22 => "GroupAssociatedPolicy",
        33 => "SecurityAssociation",
        34 => "KeyExchange",
        35 => "IDInitiator",
        36 => "IDResponder",
        37 => "Certificate",
        38 => "CertificateRequest",
        39 => "Authentication",
        40 => "Nonce",
        41 => "Notify",
        42 => "Delete",
        43 => "VendorID",
        44 => "TrafficSelectorInitiator",
        45 => "TrafficSelectorResponder",
        46 => "EncryptedAndAuthenticated",
        47 => "Configuration",
        48 => "ExtensibleAuthentication",
        _ => "Unknown",
    }
}

/// Encryption of version 2.
pub(super) const fn encryption(number: u16) -> &'static str {
    match number {
        1 => "ENCR_DES_IV64",
        2 => "ENCR_DES",
        3 => "ENCR_3DES",
        4 => "ENCR_RC5",
        5 => "ENCR_IDEA",
        6 => "ENCR_CAST",
        7 => "ENCR_BLOWFISH",
        8 => "ENCR_3IDEA",
        9 => "ENCR_DES_IV32",
        11 => "ENCR_NULL",
        12 => "ENCR_AES_CBC",
        13 => "ENCR_AES_CTR",
        14 => "ENCR_AES_CCM_8",
        15 => "ENCR_AES_CCM_12",
        16 => "ENCR_AES_CCM_16",
        18 => "ENCR_AES_GCM_8",
        19 => "ENCR_AES_GCM_12",
        20 => "ENCR_AES_GCM_16",
        23 => "ENCR_CAMELLIA_CBC",
        28 => "ENCR_CHACHA20_POLY1305",
        _ => "Unknown",
    }
}

/// Integrity of version 2.
pub(super) const fn integrity(number: u16) -> &'static str {
    match number {
        0 => "NONE",
        1 => "AUTH_HMAC_MD5_96",
        2 => "AUTH_HMAC_SHA1_96",
        3 => "AUTH_DES_MAC",
        4 => "AUTH_KPDK_MD5",
        5 => "AUTH_AES_XCBC_96",
        6 => "AUTH_HMAC_MD5_128",
        7 => "AUTH_HMAC_SHA1_160",
        8 => "AUTH_AES_CMAC_96",
        9 => "AUTH_AES_128_GMAC",
        10 => "AUTH_AES_192_GMAC",
        11 => "AUTH_AES_256_GMAC",
        12 => "AUTH_HMAC_SHA2_256_128",
        13 => "AUTH_HMAC_SHA2_384_192",
        14 => "AUTH_HMAC_SHA2_512_256",
        _ => "Unknown",
    }
}

/// Pseudo-random function of version 2.
pub(super) const fn random(number: u16) -> &'static str {
    match number {
        1 => "PRF_HMAC_MD5",
        2 => "PRF_HMAC_SHA1",
        3 => "PRF_HMAC_TIGER",
        4 => "PRF_AES128_XCBC",
        5 => "PRF_HMAC_SHA2_256",
        6 => "PRF_HMAC_SHA2_384",
        7 => "PRF_HMAC_SHA2_512",
        8 => "PRF_AES128_CMAC",
        _ => "Unknown",
    }
}

/// Group of version 2.
pub(super) const fn group(number: u16) -> &'static str {
    match number {
        0 => "None",
        1 => "Modp768",
        2 => "Modp1024",
        5 => "Modp1536",
        14 => "Modp2048",
        15 => "Modp3072",
        16 => "Modp4096",
        17 => "Modp6144",
        18 => "Modp8192",
        19 => "Ecp256",
        20 => "Ecp384",
        21 => "Ecp521",
        22 => "Modp1024s160",
        23 => "Modp2048s224",
        24 => "Modp2048s256",
        25 => "Ecp192",
        26 => "Ecp224",
        27 => "Brainpool224",
        28 => "Brainpool256",
        29 => "Brainpool384",
        30 => "Brainpool512",
        31 => "Curve25519",
        32 => "Curve448",
        _ => "Unknown",
    }
}

/// Sequence numbers of version 2.
pub(super) const fn sequence(number: u16) -> &'static str {
    match number {
        0 => "NoESN",
        1 => "ESN",
        _ => "Unknown",
    }
}

/// Notifications of version 2.
pub(super) const fn notification(number: u16) -> &'static str {
    match number {
        1 => "UNSUPPORTED_CRITICAL_PAYLOAD",
        4 => "INVALID_IKE_SPI",
        5 => "INVALID_MAJOR_VERSION",
        7 => "INVALID_SYNTAX",
        9 => "INVALID_MESSAGE_ID",
        11 => "INVALID_SPI",
        14 => "NO_PROPOSAL_CHOSEN",
        17 => "INVALID_KE_PAYLOAD",
        24 => "AUTHENTICATION_FAILED",
        34 => "SINGLE_PAIR_REQUIRED",
        35 => "NO_ADDITIONAL_SAS",
        36 => "INTERNAL_ADDRESS_FAILURE",
        37 => "FAILED_CP_REQUIRED",
        38 => "TS_UNACCEPTABLE",
        39 => "INVALID_SELECTORS",
        43 => "TEMPORARY_FAILURE",
        44 => "CHILD_SA_NOT_FOUND",
        16384 => "INITIAL_CONTACT",
        16385 => "SET_WINDOW_SIZE",
        16386 => "ADDITIONAL_TS_POSSIBLE",
        16387 => "IPCOMP_SUPPORTED",
        16388 => "NAT_DETECTION_SOURCE_IP",
        16389 => "NAT_DETECTION_DESTINATION_IP",
        16390 => "COOKIE",
        16391 => "USE_TRANSPORT_MODE",
        16392 => "HTTP_CERT_LOOKUP_SUPPORTED",
        16393 => "REKEY_SA",
        16394 => "ESP_TFC_PADDING_NOT_SUPPORTED",
        16395 => "NON_FIRST_FRAGMENTS_ALSO",
        16396 => "MOBIKE_SUPPORTED",
        16404 => "MULTIPLE_AUTH_SUPPORTED",
        16406 => "REDIRECT_SUPPORTED",
        16430 => "IKEV2_FRAGMENTATION_SUPPORTED",
        16431 => "SIGNATURE_HASH_ALGORITHMS",
        _ => "UNKNOWN",
    }
}
