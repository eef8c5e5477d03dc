//! The tables of knobs: name, default, what it means, what it sets.

mod app;
mod decoder;
mod detect;
mod eve;
mod flow;
mod stream;
mod values;

use serde_json::Value;

use super::Settings;

/// One setting.
pub(crate) struct Knob {
    /// Dotted name.
    pub(crate) name: &'static str,
    /// Default, as JSON.
    pub(crate) default: &'static str,
    /// One sentence.
    pub(crate) help: &'static str,
    /// Puts a value where it belongs; an error says what was expected.
    pub(crate) set: fn(&mut Settings, &Value) -> Result<(), String>,
}

/// Address and port variables that rules may use, unless the configuration says otherwise.
pub(crate) const VARIABLES: &[(&str, &str)] = &[
    ("address.HOME_NET", "[192.168.0.0/16,10.0.0.0/8,172.16.0.0/12]"),
    ("address.EXTERNAL_NET", "!$HOME_NET"),
    ("address.HTTP_SERVERS", "$HOME_NET"),
    ("address.SMTP_SERVERS", "$HOME_NET"),
    ("address.SQL_SERVERS", "$HOME_NET"),
    ("address.DNS_SERVERS", "$HOME_NET"),
    ("address.TELNET_SERVERS", "$HOME_NET"),
    ("address.AIM_SERVERS", "$EXTERNAL_NET"),
    ("address.DC_SERVERS", "$HOME_NET"),
    ("address.DNP3_SERVER", "$HOME_NET"),
    ("address.DNP3_CLIENT", "$HOME_NET"),
    ("address.MODBUS_CLIENT", "$HOME_NET"),
    ("address.MODBUS_SERVER", "$HOME_NET"),
    ("address.ENIP_CLIENT", "$HOME_NET"),
    ("address.ENIP_SERVER", "$HOME_NET"),
    ("port.HTTP_PORTS", "80"),
    ("port.SHELLCODE_PORTS", "!80"),
    ("port.ORACLE_PORTS", "1521"),
    ("port.SSH_PORTS", "22"),
    ("port.DNP3_PORTS", "20000"),
    ("port.MODBUS_PORTS", "502"),
    ("port.FILE_DATA_PORTS", "[$HTTP_PORTS,110,143]"),
    ("port.FTP_PORTS", "21"),
    ("port.GENEVE_PORTS", "6081"),
    ("port.VXLAN_PORTS", "4789"),
    ("port.TEREDO_PORTS", "3544"),
    ("port.SIP_PORTS", "[5060, 5061]"),
];

/// Every setting there is, by section.
const SECTIONS: [&[Knob]; 6] =
    [decoder::DECODER, flow::FLOW, stream::STREAM, detect::DETECT, eve::EVE, app::APP];

/// Every setting there is.
pub(crate) fn knobs() -> impl Iterator<Item = &'static Knob> {
    SECTIONS.into_iter().flatten()
}
