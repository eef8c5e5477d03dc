//! What the flow stage is told by the configuration.

use std::net::IpAddr;

/// Seconds until an idle flow ends, by its state; the `emergency` values hold once the table has been full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// State new: only one side was seen, or the handshake is not complete.
    pub new: u32,
    /// State established.
    pub established: u32,
    /// State closed.
    pub closed: u32,
    /// State bypassed (locally or by the capture).
    pub bypassed: u32,
    /// Emergency: new.
    pub emergency_new: u32,
    /// Emergency: established.
    pub emergency_established: u32,
    /// Emergency: closed.
    pub emergency_closed: u32,
    /// Emergency: bypassed.
    pub emergency_bypassed: u32,
}

/// Configuration of [`crate::Table`].
#[derive(Debug, Clone)]
pub struct Config {
    /// Seed of the table's hash; part of the manifest.
    pub seed: u64,
    /// Flows one shard holds at most; the longest idle one is ended when a new one needs room.
    pub flows_max: u32,
    /// VLAN ids are part of the flow key (`vlan.use-for-tracking`).
    pub vlan_tracking: bool,
    /// The tunnel level is part of the flow key (`decoder.recursion-level.use-for-tracking`).
    pub level_tracking: bool,
    /// The virtual network (VXLAN, Geneve) is part of the flow key. Off by default: where each direction has a network of
    /// its own (asymmetric routing between them), it would tear conversations in two.
    pub tenant_tracking: bool,
    /// TCP timeouts.
    pub tcp: Timeouts,
    /// UDP timeouts.
    pub udp: Timeouts,
    /// ICMP and ICMPv6 timeouts.
    pub icmp: Timeouts,
    /// Timeouts of the others.
    pub other: Timeouts,
    /// TCP streams.
    pub stream: StreamConfig,
}

/// Configuration of TCP tracking and reassembly (`stream.*`).
#[derive(Debug, Clone)]
pub struct StreamConfig {
    /// Deliver data when it arrives instead of when it is acknowledged (`stream.inline`; always so in IPS mode).
    pub inline: bool,
    /// In inline mode, drop packets that the stream engine rejects (`stream.drop-invalid`).
    pub drop_invalid: bool,
    /// Accept sessions whose start was not seen (`stream.midstream`).
    pub midstream: bool,
    /// What happens to sessions whose start was not seen; other than `Ignore` and the pass policies, they are not picked up.
    pub midstream_policy: Exception,
    /// What happens when there is no room for a session or a segment.
    pub memcap_policy: Exception,
    /// Accept sessions of which only one side is seen (`stream.async-oneside`).
    pub async_oneside: bool,
    /// Ignore segments whose checksum is wrong (`stream.checksum-validation`).
    pub checksum_validation: bool,
    /// Bytes per direction after which reassembly stops; 0 = unlimited (`stream.reassembly.depth`).
    pub reassembly_depth: u32,
    /// Raw inspection chunk to server (`stream.reassembly.toserver-chunk-size`).
    pub chunk_to_server: u32,
    /// Raw inspection chunk to client.
    pub chunk_to_client: u32,
    /// Raw inspection is on (`stream.reassembly.raw`).
    pub raw: bool,
    /// Bytes of reassembly memory per shard.
    pub memcap: u64,
    /// Sessions per shard.
    pub sessions_max: u32,
    /// SYN/ACKs with differing parameters that are remembered before one is accepted (`stream.max-synack-queued`).
    pub synack_queued_max: u8,
    /// SYNs remembered likewise (`stream.max-syn-queued`).
    pub syn_queued_max: u8,
    /// Out-of-order segments kept per direction (`stream.reassembly.max-regions` guards the same thing).
    pub segments_max: u32,
    /// Regions of disjoint data kept per direction.
    pub regions_max: u32,
    /// What to do with urgent data.
    pub urgent: Urgent,
    /// Urgent bytes per direction before [`StreamConfig::urgent_limit`] applies.
    pub urgent_oob_max: u16,
    /// What to do with urgent data past the limit (`drop` or `inline`).
    pub urgent_limit: Urgent,
    /// Overlap policies by target network: address, prefix length, policy. The longest prefix wins; none means BSD.
    pub policies: Vec<(IpAddr, u8, Policy)>,
    /// Flag sessions whose both directions hit the depth for bypass (`stream.bypass`).
    pub bypass: bool,
}

/// What to do when the engine cannot follow (`exception-policy`). The engine applies it; the stream stage only needs to know
/// whether a session may still be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the configuration's own")]
pub enum Exception {
    Ignore,
    PassPacket,
    PassFlow,
    Bypass,
    DropPacket,
    DropFlow,
    Reject,
    RejectBoth,
}

impl Exception {
    /// The policy that the configuration calls `name`.
    pub fn from_name(name: &str) -> Option<Exception> {
        Some(match name {
            "ignore" => Exception::Ignore,
            "pass-packet" => Exception::PassPacket,
            "pass-flow" => Exception::PassFlow,
            "bypass" => Exception::Bypass,
            "drop-packet" => Exception::DropPacket,
            "drop-flow" => Exception::DropFlow,
            "reject" => Exception::Reject,
            "reject-both" => Exception::RejectBoth,
            _ => return None,
        })
    }
}

/// What to do with TCP urgent data (`stream.reassembly.urgent.policy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgent {
    /// The urgent byte is out of band: taken out of the stream.
    Oob,
    /// It is part of the stream.
    Inline,
    /// The packet is rejected.
    Drop,
    /// The urgent byte becomes a gap.
    Gap,
}

/// How a target's TCP stack resolves overlapping segments (`host-os-policy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the operating systems")]
pub enum Policy {
    None,
    First,
    Last,
    Bsd,
    BsdRight,
    OldLinux,
    Linux,
    OldSolaris,
    Solaris,
    Hpux10,
    Hpux11,
    Irix,
    MacOs,
    Windows,
    Vista,
    Windows2k3,
}

impl Policy {
    /// The policy that the configuration calls `name` (`old-linux`, `old_linux`, …).
    pub fn from_name(name: &str) -> Option<Policy> {
        Some(match name.replace('-', "_").as_str() {
            "first" => Policy::First,
            "last" => Policy::Last,
            "bsd" => Policy::Bsd,
            "bsd_right" => Policy::BsdRight,
            "old_linux" => Policy::OldLinux,
            "linux" => Policy::Linux,
            "old_solaris" => Policy::OldSolaris,
            "solaris" => Policy::Solaris,
            "hpux10" => Policy::Hpux10,
            "hpux11" => Policy::Hpux11,
            "irix" => Policy::Irix,
            "macos" => Policy::MacOs,
            "windows" => Policy::Windows,
            "vista" => Policy::Vista,
            "windows2k3" => Policy::Windows2k3,
            _ => return None,
        })
    }
}

impl Default for Config {
    fn default() -> Self {
        let udp = Timeouts {
            new: 30,
            established: 300,
            closed: 0,
            bypassed: 100,
            emergency_new: 10,
            emergency_established: 100,
            emergency_closed: 0,
            emergency_bypassed: 50,
        };
        let tcp = Timeouts {
            new: 60,
            established: 600,
            closed: 60,
            bypassed: 100,
            emergency_new: 5,
            emergency_established: 100,
            emergency_closed: 10,
            emergency_bypassed: 50,
        };
        Self {
            seed: 0,
            flows_max: 1 << 14,
            vlan_tracking: true,
            level_tracking: true,
            tenant_tracking: false,
            tcp,
            udp,
            icmp: udp,
            other: udp,
            stream: StreamConfig::default(),
        }
    }
}

impl Default for StreamConfig {
    fn default() -> Self {
        Self {
            inline: false,
            drop_invalid: true,
            midstream: false,
            midstream_policy: Exception::Ignore,
            memcap_policy: Exception::Ignore,
            async_oneside: false,
            checksum_validation: true,
            reassembly_depth: 1024 * 1024,
            chunk_to_server: 2560,
            chunk_to_client: 2560,
            raw: true,
            memcap: 64 * 1024 * 1024,
            sessions_max: 1 << 14,
            synack_queued_max: 5,
            syn_queued_max: 10,
            segments_max: 1 << 17,
            regions_max: 1 << 17,
            urgent: Urgent::Oob,
            urgent_oob_max: u16::MAX,
            urgent_limit: Urgent::Drop,
            policies: Vec::new(),
            bypass: false,
        }
    }
}
