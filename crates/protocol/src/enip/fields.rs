//! Fields of EtherNet/IP: the rule keywords `enip.*` and `cip_service`.

use model::Direction;

use super::Exchange;
use super::message::{Cip, Packet, SegmentKind};
use super::names::{CIP_STATUS, COMMANDS, SERVICES, STATUS};
use crate::{Condition, Enumeration, Field, FieldKind, Scope};

type Number = fn(&Scope<'_>) -> Option<u64>;
type Numbers = fn(&Scope<'_>, usize) -> Option<u64>;

pub(super) const FIELDS: &[Field] = &[
    Field {
        aliases: &["enip_command"],
        fact: true,
        ..number("enip.command", "Encapsulation command.", 16, COMMANDS, |scope| {
            Some(packet(scope)?.command.into())
        })
    },
    Field {
        fact: true,
        ..number("enip.status", "Encapsulation status.", 32, STATUS, |scope| {
            Some(packet(scope)?.status.into())
        })
    },
    number("enip.protocol_version", "Protocol version.", 16, &[], |scope| {
        let packet = packet(scope)?;
        let identity = packet.identity.as_ref().map(|identity| identity.protocol);
        let services = packet.services.as_ref().map(|services| services.protocol);
        packet.register.map(|(version, _)| version).or(identity).or(services).map(u64::from)
    }),
    number("enip.revision", "Revision of the device: major byte, minor byte.", 16, &[], |scope| {
        let (major, minor) = packet(scope)?.identity.as_ref()?.revision;
        Some(u64::from(major) << 8 | u64::from(minor))
    }),
    number("enip.identity_status", "Status of the device.", 16, &[], |scope| {
        Some(packet(scope)?.identity.as_ref()?.status.into())
    }),
    number("enip.state", "State of the device.", 8, &[], |scope| {
        Some(packet(scope)?.identity.as_ref()?.state.into())
    }),
    number("enip.serial", "Serial number of the device.", 32, &[], |scope| {
        Some(packet(scope)?.identity.as_ref()?.serial.into())
    }),
    number("enip.product_code", "Product code of the device.", 16, &[], |scope| {
        Some(packet(scope)?.identity.as_ref()?.product.into())
    }),
    number("enip.device_type", "Type of the device.", 16, &[], |scope| {
        Some(packet(scope)?.identity.as_ref()?.device.into())
    }),
    number("enip.vendor_id", "Vendor of the device.", 16, &[], |scope| {
        Some(packet(scope)?.identity.as_ref()?.vendor.into())
    }),
    number("enip.capabilities", "Capabilities of a service.", 16, &[], |scope| {
        Some(packet(scope)?.services.as_ref()?.capabilities.into())
    }),
    Field {
        name: "enip.product_name",
        help: "Name of the device.",
        kind: FieldKind::Bytes(|scope, _| Some(&packet(scope)?.identity.as_ref()?.name)),
        fact: true,
        ..Field::EMPTY
    },
    Field {
        name: "enip.service_name",
        help: "Name of a service.",
        kind: FieldKind::Bytes(|scope, _| Some(&packet(scope)?.services.as_ref()?.name)),
        ..Field::EMPTY
    },
    Field {
        name: "cip_service",
        aliases: &["enip.cip_service"],
        help: "CIP service, and where it is asked for: service[,class[,[!]attribute]].",
        kind: FieldKind::Custom(parse_service),
        ..Field::EMPTY
    },
    Field {
        fact: true,
        ..numbers("cip.service", "Services of the CIP messages.", 8, SERVICES, |scope, index| {
            Some(packet(scope)?.cip.get(index)?.service.into())
        })
    },
    numbers("enip.cip_status", "Status of the CIP responses.", 8, CIP_STATUS, |scope, index| {
        status(scope, index).map(|(status, _)| status.into())
    }),
    numbers("enip.cip_extendedstatus", "Extended status of the CIP responses.", 16, &[], |scope, index| {
        status(scope, index).and_then(|(_, extended)| extended).map(u64::from)
    }),
    Field {
        fact: true,
        ..numbers("enip.cip_class", "Classes in CIP paths.", 32, &[], |scope, index| {
            segment(scope, SegmentKind::Class, index)
        })
    },
    numbers("enip.cip_instance", "Instances in CIP paths.", 32, &[], |scope, index| {
        segment(scope, SegmentKind::Instance, index)
    }),
    Field {
        fact: true,
        ..numbers("enip.cip_attribute", "Attributes in CIP paths.", 32, &[], |scope, index| {
            segment(scope, SegmentKind::Attribute, index)
        })
    },
];

const fn number(name: &'static str, help: &'static str, bits: u8, names: Enumeration, get: Number) -> Field {
    Field { name, help, kind: FieldKind::Number { bits, names, get }, ..Field::EMPTY }
}

const fn numbers(
    name: &'static str,
    help: &'static str,
    bits: u8,
    names: Enumeration,
    get: Numbers,
) -> Field {
    Field { name, help, kind: FieldKind::Numbers { bits, names, get }, ..Field::EMPTY }
}

fn packet<'a>(scope: &Scope<'a>) -> Option<&'a Packet> {
    let exchange = scope.tx::<Exchange>();
    match scope.direction {
        Direction::ToServer => exchange.request.as_deref(),
        Direction::ToClient => exchange.response.as_deref(),
    }
}

fn status(scope: &Scope<'_>, index: usize) -> Option<(u8, Option<u16>)> {
    packet(scope)?.cip.iter().filter_map(|cip| cip.status).nth(index)
}

fn segment(scope: &Scope<'_>, kind: SegmentKind, index: usize) -> Option<u64> {
    let segments = packet(scope)?.cip.iter().flat_map(|cip| &cip.path);
    segments.filter(|segment| segment.kind == kind).nth(index).map(|segment| segment.value.into())
}

/// `cip_service`.
#[derive(Debug)]
struct Service {
    service: u8,
    class: Option<u32>,
    /// The attribute, and whether it must not be the one asked for.
    attribute: Option<(u32, bool)>,
}

fn parse_service(text: &str) -> Result<Box<dyn Condition>, String> {
    let number =
        |text: &str| text.trim().parse::<u32>().map_err(|_| format!("`{}` is not a number", text.trim()));
    let mut parts = text.split(',');
    let first = parts.next().unwrap_or_default().trim();
    let named = SERVICES.iter().find(|(name, _)| name.eq_ignore_ascii_case(first)).map(|(_, code)| *code);
    let service = match named {
        Some(code) => code as u32,
        None => number(first)?,
    };
    let service = u8::try_from(service).ok().filter(|service| *service < 0x80);
    let service = service.ok_or("a service is at most 127")?;
    let class = parts.next().map(number).transpose()?;
    let attribute = parts.next().map(str::trim).map(|text| match text.strip_prefix('!') {
        Some(text) => number(text).map(|attribute| (attribute, true)),
        None => number(text).map(|attribute| (attribute, false)),
    });
    let attribute = attribute.transpose()?;
    if parts.next().is_some() {
        return Err("at most a service, a class and an attribute".into());
    }
    Ok(Box::new(Service { service, class, attribute }))
}

impl Condition for Service {
    fn holds(&self, scope: &Scope<'_>) -> bool {
        packet(scope).is_some_and(|packet| packet.cip.iter().any(|cip| self.is(cip)))
    }
}

impl Service {
    fn is(&self, cip: &Cip) -> bool {
        let has = |kind, value| cip.path.iter().any(|part| part.kind == kind && part.value == value);
        cip.service == self.service
            && self.class.is_none_or(|class| has(SegmentKind::Class, class))
            && self.attribute.is_none_or(|(value, not)| has(SegmentKind::Attribute, value) != not)
    }
}
