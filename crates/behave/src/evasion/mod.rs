//! Traffic that is made to be read differently by who watches and by who receives.

#[cfg(test)]
mod tests;

use crate::ways::{Told, Way, Ways};
use crate::{Description, Hears, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "evasion",
    sees: "Fragments that overlap or that together exceed what a packet may have, segments sent again with other bytes, \
           routing headers that were abolished, options of IPv6 that carry data, and requests whose length can be read two ways.",
    matters: "A watcher that reads one way and a receiver that reads another see two conversations (T1599, T1001).",
    fooled_by: "Ambiguities that only the receiver's own system has. Broken network cards and old proxies make some of them.",
    cost: "One entry per pair of addresses that showed any, at most 8,192; nothing for traffic that is not odd.",
    references: &[
        "ATT&CK T1599, T1001, T1190, T1499",
        "Ptacek and Newsham, Insertion, Evasion, and Denial of Service, 1998",
        "RFC 5722, RFC 5095, RFC 9112 §6.3, RFC 8200 §4.2",
    ],
    hears: Hears { oddities: true, ..Hears::NOTHING },
    knobs: &[Knob {
        name: "score_min",
        help: "Log-odds from which it is a finding.",
        unit: "log-odds",
        range: (-5.0, 20.0),
        default: 0.0,
    }],
    new: |knobs| Box::new(Ways::new(WAYS, &TOLD, knobs.get("score_min"))),
};

/// How its findings are told.
const TOLD: Told = Told {
    detector: DESCRIPTION.name,
    against: "Broken equipment on the way can cut or repeat packets wrongly, too.",
};

/// Ways of being read differently.
pub(crate) const WAYS: &[Way] = &[
    Way {
        name: "fragments that overlap",
        kinds: &["decoder.ipv4.frag_overlap", "decoder.ipv6.frag_overlap"],
        full: 1.0,
        weight: 4.5,
        technique: "T1599",
        words: "fragments that overlap",
        meaning: "no sender cuts a packet so; receivers keep the first or the last bytes (RFC 5722 forbids it)",
    },
    Way {
        name: "fragments beyond the largest packet",
        kinds: &["decoder.ipv4.frag_pkt_too_large", "decoder.ipv6.frag_pkt_too_large"],
        full: 1.0,
        weight: 4.5,
        technique: "T1599",
        words: "fragments that make a packet too large",
        meaning: "together they exceed 65,535 bytes; old systems fell over it",
    },
    Way {
        name: "segments sent again with other bytes",
        kinds: &["stream.reassembly_overlap_different_data"],
        full: 3.0,
        weight: 4.5,
        technique: "T1599",
        words: "segments that were sent again with other bytes",
        meaning: "a retransmission repeats what was sent; one differing byte may be a probe that keeps a connection alive",
    },
    Way {
        name: "options of IPv6 that nobody knows",
        kinds: &["decoder.ipv6.dstopts_unknown_opt", "decoder.ipv6.hopopts_unknown_opt"],
        full: 10.0,
        weight: 4.5,
        technique: "T1001",
        words: "options of IPv6 that nobody knows",
        meaning: "receivers skip them or drop the packet; between two who agree they carry data",
    },
    Way {
        name: "routing headers of type 0",
        kinds: &["decoder.ipv6.rh_type_0"],
        full: 1.0,
        weight: 4.2,
        technique: "T1599",
        words: "routing headers of type 0",
        meaning: "abolished in 2007 (RFC 5095): the packet goes where it likes",
    },
    Way {
        name: "requests whose length can be read two ways",
        kinds: &[
            "INVALID_TRANSFER_ENCODING_VALUE_IN_REQUEST",
            "INVALID_CONTENT_LENGTH_FIELD_IN_REQUEST",
            "DUPLICATE_CONTENT_LENGTH_FIELD_IN_REQUEST",
            "REQUEST_HEADER_REPETITION",
        ],
        full: 2.0,
        weight: 4.3,
        technique: "T1190",
        words: "requests whose length can be read two ways",
        meaning: "what one server takes for a body the next takes for a request (RFC 9112 section 6.3)",
    },
];
