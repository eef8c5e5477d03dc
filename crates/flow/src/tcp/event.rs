//! What was odd about a TCP packet, under Suricata's `stream-event` names.

macro_rules! events {
    ($($variant:ident = $name:literal,)*) => {
        /// One oddity. Variants are named after their rule name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        #[expect(missing_docs, reason = "the names are the rule language's own")]
        pub enum StreamEvent {
            $($variant,)*
        }

        impl StreamEvent {
            /// All of them, in order of their number.
            pub const ALL: &'static [StreamEvent] = &[$(StreamEvent::$variant,)*];

            /// Name in rules: `stream-event:NAME`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(StreamEvent::$variant => $name,)*
                }
            }

            /// Name in EVE anomaly records.
            pub const fn anomaly_name(self) -> &'static str {
                match self {
                    $(StreamEvent::$variant => concat!("stream.", $name),)*
                }
            }

            /// The event that rules call `name`.
            pub fn from_name(name: &str) -> Option<StreamEvent> {
                match name {
                    $($name => Some(StreamEvent::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

events! {
    ThreeWhsAckInWrongDir = "3whs_ack_in_wrong_dir",
    ThreeWhsAsyncWrongSeq = "3whs_async_wrong_seq",
    ThreeWhsRightSeqWrongAckEvasion = "3whs_right_seq_wrong_ack_evasion",
    ThreeWhsSynackInWrongDirection = "3whs_synack_in_wrong_direction",
    ThreeWhsSynackResendWithDifferentAck = "3whs_synack_resend_with_different_ack",
    ThreeWhsSynackResendWithDiffSeq = "3whs_synack_resend_with_diff_seq",
    ThreeWhsSynackToserverOnSynRecv = "3whs_synack_toserver_on_syn_recv",
    ThreeWhsSynackWithWrongAck = "3whs_synack_with_wrong_ack",
    ThreeWhsSynackFlood = "3whs_synack_flood",
    ThreeWhsSynResendDiffSeqOnSynRecv = "3whs_syn_resend_diff_seq_on_syn_recv",
    ThreeWhsSynToclientOnSynRecv = "3whs_syn_toclient_on_syn_recv",
    ThreeWhsSynFlood = "3whs_syn_flood",
    ThreeWhsWrongSeqWrongAck = "3whs_wrong_seq_wrong_ack",
    ThreeWhsAckDataInject = "3whs_ack_data_inject",
    FourWhsSynackWithWrongAck = "4whs_synack_with_wrong_ack",
    FourWhsSynackWithWrongSyn = "4whs_synack_with_wrong_syn",
    FourWhsWrongSeq = "4whs_wrong_seq",
    FourWhsInvalidAck = "4whs_invalid_ack",
    ClosewaitAckOutOfWindow = "closewait_ack_out_of_window",
    ClosewaitFinOutOfWindow = "closewait_fin_out_of_window",
    ClosewaitPktBeforeLastAck = "closewait_pkt_before_last_ack",
    ClosewaitInvalidAck = "closewait_invalid_ack",
    ClosingAckWrongSeq = "closing_ack_wrong_seq",
    ClosingInvalidAck = "closing_invalid_ack",
    EstPacketOutOfWindow = "est_packet_out_of_window",
    EstPktBeforeLastAck = "est_pkt_before_last_ack",
    EstSynackResend = "est_synack_resend",
    EstSynackResendWithDifferentAck = "est_synack_resend_with_different_ack",
    EstSynackResendWithDiffSeq = "est_synack_resend_with_diff_seq",
    EstSynackToserver = "est_synack_toserver",
    EstSynResend = "est_syn_resend",
    EstSynResendDiffSeq = "est_syn_resend_diff_seq",
    EstSynToclient = "est_syn_toclient",
    EstInvalidAck = "est_invalid_ack",
    FinInvalidAck = "fin_invalid_ack",
    Fin1AckWrongSeq = "fin1_ack_wrong_seq",
    Fin1FinWrongSeq = "fin1_fin_wrong_seq",
    Fin1InvalidAck = "fin1_invalid_ack",
    Fin2AckWrongSeq = "fin2_ack_wrong_seq",
    Fin2FinWrongSeq = "fin2_fin_wrong_seq",
    Fin2InvalidAck = "fin2_invalid_ack",
    FinButNoSession = "fin_but_no_session",
    FinOutOfWindow = "fin_out_of_window",
    FinSyn = "fin_syn",
    LastackAckWrongSeq = "lastack_ack_wrong_seq",
    LastackInvalidAck = "lastack_invalid_ack",
    RstButNoSession = "rst_but_no_session",
    RstInvalidAck = "rst_invalid_ack",
    RstWithData = "rst_with_data",
    TimewaitAckWrongSeq = "timewait_ack_wrong_seq",
    TimewaitInvalidAck = "timewait_invalid_ack",
    ShutdownSynResend = "shutdown_syn_resend",
    PktInvalidTimestamp = "pkt_invalid_timestamp",
    PktInvalidAck = "pkt_invalid_ack",
    PktBrokenAck = "pkt_broken_ack",
    PktRetransmission = "pkt_retransmission",
    PktSpuriousRetransmission = "pkt_spurious_retransmission",
    PktBadWindowUpdate = "pkt_bad_window_update",
    SuspectedRstInject = "suspected_rst_inject",
    WrongThread = "wrong_thread",
    ReassemblySegmentBeforeBaseSeq = "reassembly_segment_before_base_seq",
    ReassemblyNoSegment = "reassembly_no_segment",
    ReassemblySeqGap = "reassembly_seq_gap",
    ReassemblyOverlapDifferentData = "reassembly_overlap_different_data",
    ReassemblyDepthReached = "reassembly_depth_reached",
    ReassemblyInsertMemcap = "reassembly_insert_memcap",
    ReassemblyInsertLimit = "reassembly_insert_limit",
    ReassemblyInsertInvalid = "reassembly_insert_invalid",
    ReassemblyUrgentOobLimitReached = "reassembly_urgent_oob_limit_reached",
}

/// A set of [`StreamEvent`]s.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct StreamEvents(u128);

impl StreamEvents {
    /// Adds one.
    pub fn insert(&mut self, event: StreamEvent) {
        self.0 |= 1 << event as u8;
    }

    /// Whether `event` is in the set.
    pub fn contains(self, event: StreamEvent) -> bool {
        self.0 & (1 << event as u8) != 0
    }

    /// Whether nothing was odd.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// All in the set, in order of their number.
    pub fn iter(self) -> impl Iterator<Item = StreamEvent> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let event = StreamEvent::ALL.get(left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some(*event)
        })
    }
}
