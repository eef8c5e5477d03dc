//! What EVE records carry, as configuration.

/// Configuration of the EVE log.
#[derive(Debug, Clone)]
pub struct EveConfig {
    /// Record types that are written (`alert`, `http`, …); empty = all.
    pub types: Vec<String>,
    /// `in_iface`.
    pub interface: Option<String>,
    /// Write `community_id`.
    pub community_id: bool,
    /// Its seed.
    pub community_id_seed: u16,
    /// Write IPv6 addresses in their short form.
    pub ipv6_short: bool,
    /// Write `ether`.
    pub ethernet: bool,
    /// Write `metadata` (flowbits and the like).
    pub metadata: bool,
    /// What alerts carry.
    pub alert: AlertConfig,
    /// Write records for oddities of each kind: decode, stream, application layer.
    pub anomaly: [bool; 3],
    /// Decode anomalies carry the first bytes of the packet.
    pub anomaly_packet: bool,
    /// Write the kind of every file by its content.
    pub force_magic: bool,
    /// Hashes written for every file (`md5`, `sha1`, `sha256`).
    pub force_hash: Vec<String>,
    /// Prevention: verdicts and drops are written.
    pub prevention: bool,
    /// Write `verdict` in alerts also when only watching.
    pub verdict: bool,
    /// Write `drop` records also for packets that an alert tells of.
    pub drop_all: bool,
    /// Write frame records.
    pub frames: bool,
    /// Write `netflow` records too: what `flow` says, once per direction.
    pub netflow: bool,
}

impl EveConfig {
    /// Whether records of this type are written.
    pub fn wants(&self, kind: &str) -> bool {
        if self.types.is_empty() {
            kind != "netflow" || self.netflow
        } else {
            self.types.iter().any(|name| name == kind)
        }
    }
}

/// What alerts carry.
#[derive(Debug, Clone)]
pub struct AlertConfig {
    /// `packet`: the packet in base64, and `packet_info`.
    pub packet: bool,
    /// `payload`: base64.
    pub payload: bool,
    /// `payload_printable`.
    pub payload_printable: bool,
    /// `payload_length`.
    pub payload_length: bool,
    /// Bytes of payload at most.
    pub payload_bytes: usize,
    /// The application record.
    pub app_layer: bool,
    /// The `flow` object.
    pub flow: bool,
    /// `alert.metadata`.
    pub metadata: bool,
    /// `alert.rule`: the rule's text.
    pub raw_rule: bool,
    /// `alert.references`.
    pub reference: bool,
    /// `http_request_body`, `http_response_body` in base64 and printable.
    pub http_body: bool,
    /// The same, printable.
    pub http_body_printable: bool,
    /// `websocket` payload.
    pub websocket_payload: bool,
    /// Write packets that a `tag` asks for.
    pub tagged_packets: bool,
}

impl Default for EveConfig {
    fn default() -> Self {
        Self {
            types: Vec::new(),
            interface: None,
            community_id: true,
            community_id_seed: 0,
            ipv6_short: false,
            ethernet: false,
            metadata: true,
            alert: AlertConfig::default(),
            anomaly: [true; 3],
            anomaly_packet: false,
            force_magic: false,
            force_hash: Vec::new(),
            prevention: false,
            verdict: false,
            drop_all: true,
            frames: false,
            netflow: false,
        }
    }
}

impl Default for AlertConfig {
    fn default() -> Self {
        Self {
            packet: false,
            payload: false,
            payload_printable: false,
            payload_length: false,
            payload_bytes: 4096,
            app_layer: true,
            flow: true,
            metadata: true,
            raw_rule: false,
            reference: false,
            http_body: false,
            http_body_printable: false,
            websocket_payload: false,
            tagged_packets: true,
        }
    }
}

impl AlertConfig {
    /// Whether any form of the payload is shown.
    pub fn shows_payload(&self) -> bool {
        self.payload || self.payload_printable || self.payload_length
    }
}
