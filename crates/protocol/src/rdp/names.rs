//! Names of numbers in RDP.

use std::borrow::Cow;

/// Version of the client.
pub(super) fn version(number: u32) -> Cow<'static, str> {
    match number {
        0x0008_0001 => "v4".into(),
        0x0008_0004 => "v5".into(),
        0x0008_0005..=0x0008_0011 => format!("v10.{}", (number & 0xff) - 5).into(),
        _ => "unknown".into(),
    }
}

/// Windows by its build.
pub(super) const fn build(number: u32) -> &'static str {
    match number {
        528 => "Windows NT 3.1",
        807 => "Windows NT 3.5",
        1057 => "Windows NT 3.51",
        1381 => "Windows NT 4.0",
        2195 => "Windows 2000",
        2600 => "Windows XP",
        3790 => "Windows Server 2003",
        6000 => "Windows Vista",
        6001 => "Windows Vista SP1",
        6002 | 6003 => "Windows Vista SP2",
        7600 => "Windows 7",
        7601 => "Windows 7 SP1",
        9200 => "Windows 8",
        9600 => "Windows 8.1",
        10240 => "Windows 10",
        10586 => "Windows 10, version 1511",
        14393 => "Windows 10, version 1607",
        15063 => "Windows 10, version 1703",
        16299 => "Windows 10, version 1709",
        17134 => "Windows 10, version 1803",
        17763 => "Windows 10, version 1809",
        18362 => "Windows 10, version 1903",
        18363 => "Windows 10, version 1909",
        19041 => "Windows 10, version 2004",
        19042 => "Windows 10, version 20H2",
        19043 => "Windows 10, version 21H1",
        19044 => "Windows 10, version 21H2",
        19045 => "Windows 10, version 22H2",
        22000 => "Windows 11, version 21H2",
        22621 => "Windows 11, version 22H2",
        22631 => "Windows 11, version 23H2",
        26100 => "Windows 11, version 24H2",
        _ => "unknown",
    }
}

/// Keyboard type.
pub(super) const fn keyboard(number: u32) -> Option<&'static str> {
    Some(match number {
        1 => "xt",
        2 => "ico",
        3 => "at",
        4 => "enhanced",
        5 => "1050",
        6 => "9140",
        7 => "jp",
        _ => return None,
    })
}

/// Connection that the client supposes.
pub(super) const fn connection(number: u8) -> Option<&'static str> {
    Some(match number {
        1 => "modem",
        2 => "low_broadband",
        3 => "satellite",
        4 => "high_broadband",
        5 => "wan",
        6 => "lan",
        7 => "autodetect",
        _ => return None,
    })
}

/// Early capabilities by bit.
pub(super) const CAPABILITIES: &[(&str, u16)] = &[
    ("support_errinfo_pdf", 0x0001),
    ("want_32bpp_session", 0x0002),
    ("support_statusinfo_pdu", 0x0004),
    ("strong_asymmetric_keys", 0x0008),
    ("valid_connection_type", 0x0020),
    ("support_monitor_layout_pdu", 0x0040),
    ("support_net_char_autodetect", 0x0080),
    ("support_dynvc_gfx_protocol", 0x0100),
    ("support_dynamic_time_zone", 0x0200),
    ("support_heartbeat_pdu", 0x0400),
];

/// Flags of a connection request.
pub(super) const REQUEST_FLAGS: &[(&str, u8)] = &[
    ("restricted_admin_mode_required", 0x01),
    ("redirected_authentication_mode_required", 0x02),
    ("correlation_info_present", 0x08),
];

/// Flags of a connection confirmation.
pub(super) const RESPONSE_FLAGS: &[(&str, u8)] = &[
    ("extended_client_data", 0x01),
    ("dynvc_gfx", 0x02),
    ("restricted_admin", 0x08),
    ("redirected_authentication", 0x10),
];

/// Security protocol chosen.
pub(super) const fn protocol(number: u32) -> &'static str {
    match number {
        0 => "rdp",
        1 => "ssl",
        2 => "hybrid",
        4 => "rds_tls",
        8 => "hybrid_ex",
        _ => "unknown",
    }
}

/// Why a server refuses.
pub(super) const fn failure(code: u32) -> &'static str {
    match code {
        1 => "ssl required by server",
        2 => "ssl not allowed by server",
        3 => "ssl cert not on server",
        4 => "inconsistent flags",
        5 => "hybrid required by server",
        6 => "ssl with user auth required by server",
        _ => "unknown",
    }
}

/// Windows locale of a keyboard layout ([MS-LCID]).
pub(super) const fn layout(number: u32) -> &'static str {
    match number & 0xffff {
        0x0401 => "ar-SA",
        0x0402 => "bg-BG",
        0x0403 => "ca-ES",
        0x0404 => "zh-TW",
        0x0405 => "cs-CZ",
        0x0406 => "da-DK",
        0x0407 => "de-DE",
        0x0408 => "el-GR",
        0x0409 => "en-US",
        0x040a => "es-ES_tradnl",
        0x040b => "fi-FI",
        0x040c => "fr-FR",
        0x040d => "he-IL",
        0x040e => "hu-HU",
        0x040f => "is-IS",
        0x0410 => "it-IT",
        0x0411 => "ja-JP",
        0x0412 => "ko-KR",
        0x0413 => "nl-NL",
        0x0414 => "nb-NO",
        0x0415 => "pl-PL",
        0x0416 => "pt-BR",
        0x0418 => "ro-RO",
        0x0419 => "ru-RU",
        0x041a => "hr-HR",
        0x041b => "sk-SK",
        0x041c => "sq-AL",
        0x041d => "sv-SE",
        0x041e => "th-TH",
        0x041f => "tr-TR",
        0x0420 => "ur-PK",
        0x0421 => "id-ID",
        0x0422 => "uk-UA",
        0x0423 => "be-BY",
        0x0424 => "sl-SI",
        0x0425 => "et-EE",
        0x0426 => "lv-LV",
        0x0427 => "lt-LT",
        0x0429 => "fa-IR",
        0x042a => "vi-VN",
        0x042b => "hy-AM",
        0x042c => "az-Latn-AZ",
        0x042f => "mk-MK",
        0x0436 => "af-ZA",
        0x0437 => "ka-GE",
        0x0439 => "hi-IN",
        0x043f => "kk-KZ",
        0x0804 => "zh-CN",
        0x0807 => "de-CH",
        0x0809 => "en-GB",
        0x080a => "es-MX",
        0x080c => "fr-BE",
        0x0810 => "it-CH",
        0x0813 => "nl-BE",
        0x0816 => "pt-PT",
        0x0c04 => "zh-HK",
        0x0c07 => "de-AT",
        0x0c09 => "en-AU",
        0x0c0a => "es-ES",
        0x0c0c => "fr-CA",
        0x1009 => "en-CA",
        0x100c => "fr-CH",
        0x1409 => "en-NZ",
        0x1809 => "en-IE",
        0x2c0a => "es-AR",
        0x4009 => "en-IN",
        _ => "unknown",
    }
}
