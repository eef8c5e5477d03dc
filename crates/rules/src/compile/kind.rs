//! Of which type a rule is; its type decides where it is inspected and what its action applies to.

use crate::ir::{FlowCondition, Hook, Op, PacketTest, PostAction, Rule, Subject};
use crate::sig::{Kind, PayloadSides};

/// TCP's protocol number.
const TCP: u8 = 6;

/// Whether payload conditions look at the stream and at packets.
pub(super) fn payload_sides(rule: &Rule) -> PayloadSides {
    let packet = rule.header.proto.only_packet
        || rule.packet.iter().any(needs_packet)
        || rule.inspections.iter().any(|inspection| matches!(inspection.subject, Subject::Packet(_)));
    let stream = rule.header.proto.only_stream
        || rule.packet.iter().any(|test| matches!(test, PacketTest::Flow(flow) if flow.stream == Some(true)));
    if packet || stream {
        // Who asks for the stream by name does not want to see what never made it into the stream.
        return PayloadSides { stream, packet, outside: !stream };
    }
    if !rule.header.proto.has(TCP) {
        return PayloadSides { stream: false, packet: true, outside: true };
    }
    // A content with a fixed place is also looked for in each packet: that is what its author had before their eyes.
    let placed = rule.inspections.iter().any(|inspection| {
        inspection.subject == Subject::Payload
            && inspection.ops.iter().any(|op| match op {
                Op::Content(content) => {
                    content.depth.is_some() || content.offset.is_some() || content.startswith
                }
                _ => false,
            })
    });
    PayloadSides { stream: true, packet: placed, outside: true }
}

/// Whether a condition is about the packet at hand, so that a payload condition beside it is, too.
fn needs_packet(test: &PacketTest) -> bool {
    match test {
        PacketTest::Ttl(_)
        | PacketTest::Tos(_)
        | PacketTest::Id(_)
        | PacketTest::IpOptions(_)
        | PacketTest::FragmentBits { .. }
        | PacketTest::FragmentOffset(_)
        | PacketTest::SameIp
        | PacketTest::Flags(_)
        | PacketTest::Seq(_)
        | PacketTest::Ack(_)
        | PacketTest::Window(_)
        | PacketTest::Mss(_)
        | PacketTest::WindowScale(_)
        | PacketTest::IcmpType(_)
        | PacketTest::IcmpCode(_)
        | PacketTest::IcmpId(_)
        | PacketTest::IcmpSeq(_)
        | PacketTest::IcmpMtu(_)
        | PacketTest::IgmpType(_)
        | PacketTest::Dsize(_)
        | PacketTest::Rpc { .. }
        | PacketTest::Checksum(..) => true,
        PacketTest::Flow(flow) => flow.stream == Some(false),
        PacketTest::IpProto(_)
        | PacketTest::Version(_)
        | PacketTest::DecodeEvent(_)
        | PacketTest::StreamEvent(_)
        | PacketTest::AppEvent(_)
        | PacketTest::VlanId(..)
        | PacketTest::VlanLayers(_)
        | PacketTest::Vni(_)
        | PacketTest::StreamSize(..)
        | PacketTest::FlowAge(_)
        | PacketTest::FlowCount(..)
        | PacketTest::Elephant(_)
        | PacketTest::TcpSession(_)
        | PacketTest::Reputation(_)
        | PacketTest::Country(_)
        | PacketTest::AppProtocol { .. }
        | PacketTest::FlowbitsSet(_)
        | PacketTest::FlowbitsNotSet(_)
        | PacketTest::FlowintIs { .. }
        | PacketTest::FlowintSet(_)
        | PacketTest::FlowintNotSet(_)
        | PacketTest::Xbits { .. }
        | PacketTest::Flowvar { .. }
        | PacketTest::Pktvar { .. }
        | PacketTest::Never => false,
    }
}

/// The type.
pub(super) fn kind(rule: &Rule) -> Kind {
    if is_protocol_only(rule) {
        return Kind::ProtocolOnly;
    }
    if is_ip_only(rule) {
        let negated = rule.header.src.is_negated() || rule.header.dst.is_negated();
        return if negated { Kind::LikeIpOnly } else { Kind::IpOnly };
    }
    let only_events = !rule.packet.is_empty()
        && rule.packet.iter().all(|test| matches!(test, PacketTest::DecodeEvent(_)))
        && rule.inspections.is_empty()
        && rule.transaction.is_empty()
        && rule.header.apps.is_empty();
    if only_events {
        return Kind::DecodeOnly;
    }
    let has =
        |what: fn(&Subject) -> bool| rule.inspections.iter().any(|inspection| what(&inspection.subject));
    let app_hook = matches!(rule.header.hook, Some(Hook::App { .. }));
    let stores = rule.post.iter().any(|action| matches!(action, PostAction::Filestore { .. }));
    if stores || has(is_of_transaction) || !rule.transaction.is_empty() || !rule.hashes.is_empty() || app_hook
    {
        return Kind::Transaction;
    }
    if has(|subject| matches!(subject, Subject::Packet(_) | Subject::Frame { .. })) {
        return Kind::Packet;
    }
    if has(|subject| *subject == Subject::Payload) {
        let sides = payload_sides(rule);
        return match (sides.stream, sides.packet) {
            (true, true) => Kind::PacketStream,
            (true, false) => Kind::Stream,
            (false, _) => Kind::Packet,
        };
    }
    if rule.packet.is_empty() && !rule.header.apps.is_empty() { Kind::App } else { Kind::Packet }
}

/// Whether a subject belongs to transactions.
pub(super) fn is_of_transaction(subject: &Subject) -> bool {
    match subject {
        Subject::Payload | Subject::Packet(_) | Subject::Frame { .. } => false,
        Subject::Field { .. } | Subject::FileData { .. } | Subject::FileName | Subject::FileMagic => true,
    }
}

fn is_protocol_only(rule: &Rule) -> bool {
    !rule.firewall
        && rule.header.apps.is_empty()
        && rule.inspections.is_empty()
        && rule.transaction.is_empty()
        && rule.hashes.is_empty()
        && !rule.packet.is_empty()
        && rule.packet.iter().any(|test| matches!(test, PacketTest::AppProtocol { .. }))
        && rule.packet.iter().all(|test| match test {
            PacketTest::AppProtocol { .. } => true,
            PacketTest::Flow(flow) => {
                *flow == FlowCondition { direction: flow.direction, ..FlowCondition::default() }
            }
            test => is_ip_only_test(test),
        })
        && rule.post.iter().all(|action| {
            matches!(action, PostAction::FlowbitSet(_) | PostAction::Bypass | PostAction::Tag(_))
        })
}

/// Conditions that need no look at each packet of a flow.
fn is_ip_only_test(test: &PacketTest) -> bool {
    matches!(test, PacketTest::Reputation(_) | PacketTest::Xbits { .. } | PacketTest::Version(_))
}

/// Only addresses (and what does not need looking at each packet).
fn is_ip_only(rule: &Rule) -> bool {
    let header = &rule.header;
    if !header.apps.is_empty()
        || header.never
        || header.hook.is_some()
        || header.proto.packet_header
        || header.proto.arp
        || header.proto.ether
        || rule.firewall
        || !rule.inspections.is_empty()
        || !rule.transaction.is_empty()
        || !rule.hashes.is_empty()
    {
        return false;
    }
    rule.packet.iter().all(is_ip_only_test)
}
